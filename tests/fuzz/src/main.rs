//! `fuzz seeds FOLDER` writes the inputs to begin with, a folder for each target. `fuzz run TARGET FILE...` runs inputs.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "fuzz seeds FOLDER | fuzz run TARGET FILE...";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a command")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["seeds", folder] => {
            if let Err(error) = write_seeds(Path::new(folder)) {
                eprintln!("{folder}: {error}");
                return ExitCode::FAILURE;
            }
        }
        ["run", target, files @ ..] => {
            for file in files {
                println!("{file}");
                match fs::read(file) {
                    Ok(data) => fuzz::check(target, &data),
                    Err(error) => {
                        eprintln!("{file}: {error}");
                        return ExitCode::FAILURE;
                    }
                }
            }
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write_seeds(folder: &Path) -> std::io::Result<()> {
    for target in fuzz::SEEDED {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in fuzz::seeds(target) {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}
