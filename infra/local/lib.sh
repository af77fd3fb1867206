# What the scripts of servers have in common; sourced by them. The sourcing script sets `name`, `version` and `variable` and
# defines `build` (puts what is pinned into "$home") and `run DIR PORT` (becomes the server), `ready DIR PORT` (whether it answers)
# and, where it needs more, `prepare DIR PORT` before and `furnish DIR PORT` after the server runs, `end PID` for how it is ended and
# `clean DIR` for what it leaves elsewhere.
home=${TIDELOG_CACHE:-$HOME/.cache/tidelog}/servers/$name-$version
key=testkey
secret=testsecret

say() { echo "$name: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

prepare() { :; }
furnish() { :; }
end() { kill "$1"; }
clean() { :; }

install() {
    [ -e "$home/installed" ] && return
    mkdir -p "$home"
    # Two tests that begin at once install it once.
    exec 9>"$home/lock"
    flock 9
    if [ ! -e "$home/installed" ]; then
        build >&2 9>&-
        touch "$home/installed"
    fi
    exec 9>&-
}

# Whether the process that a folder names still runs. A zombie does not.
runs() {
    [ -f "$1/pid" ] || return 1
    local state
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$(<"$1/pid")/status" 2>/dev/null) || return 1
    [ -n "$state" ] && [ "$state" != Z ]
}

listens() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The status of an answer, 000 when there is none.
status() { curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' "$@" || true; }

# The bucket that tests use; one that exists already stays as it is.
bucket() {
    local answer
    answer=$(status --aws-sigv4 aws:amz:us-east-1:s3 --user "$key:$secret" --request PUT "http://127.0.0.1:$1/tidelog")
    [ "$answer" = 200 ] || [ "$answer" = 409 ]
}

start() {
    local dir=$1 port=$2
    install
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    runs "$dir" && fail "a server runs in $dir already"
    listens "$port" && fail "something listens on port $port already"
    prepare "$dir" "$port"
    # A session of its own, so that what ends the caller's does not end the server.
    setsid "$0" run "$dir" "$port" >"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    for _ in $(seq 300); do
        if ready "$dir" "$port" && furnish "$dir" "$port"; then
            echo "$variable=http://127.0.0.1:$port"
            return
        fi
        runs "$dir" || break
        sleep 0.1
    done
    tail -n 20 "$dir/log" >&2
    stop "$dir"
    fail "the server did not start"
}

stop() {
    local dir=$1
    if runs "$dir"; then
        end "$(<"$dir/pid")" 2>/dev/null || true
        for _ in $(seq 100); do
            runs "$dir" || break
            sleep 0.05
        done
        # What does not listen is killed, and its data outlives that.
        if runs "$dir"; then kill -9 "$(<"$dir/pid")" 2>/dev/null || true; fi
        while runs "$dir"; do sleep 0.05; done
    fi
    clean "$dir"
    rm -f "$dir/pid"
}

server() {
    case "${1-} $#" in
        "install 1") install ;;
        "start 3") start "$2" "$3" ;;
        "stop 2") stop "$2" ;;
        "run 3") run "$2" "$3" ;;
        *)
            echo "usage: $0 install | start DIR PORT | stop DIR" >&2
            exit 2
            ;;
    esac
}
