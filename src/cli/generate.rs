//! `orgpulse completions` and `orgpulse man`

use clap::CommandFactory;

use crate::cli::Cli;
use crate::cli::print;
use crate::exit::Exit;

/// Options of `orgpulse completions`.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints a completion script.
pub fn completions(args: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "orgpulse", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Complete)
}

/// Prints the manual page, its subcommands included.
pub fn man() -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    subcommands(&command, "ORGPULSE", &mut page)?;
    print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Complete)
}

/// A section for each subcommand, those of subcommands included.
fn subcommands(command: &clap::Command, above: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let title = format!("{above} {}", subcommand.get_name().to_uppercase());
        page.extend_from_slice(format!(".SH \"{title}\"\n").as_bytes());
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_description_section(page)?;
        man.render_options_section(page)?;
        subcommands(subcommand, &title, page)?;
    }
    Ok(())
}
