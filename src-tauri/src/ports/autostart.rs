//! Start at login.

use holdfast_app::ports::{Autostart, AutostartError};

/// The entry that starts this program, hidden, when its user logs in.
pub(crate) struct LoginItem;

impl Autostart for LoginItem {
    fn is_enabled(&self) -> Result<bool, AutostartError> {
        system::is_enabled().map_err(|source| AutostartError { source })
    }

    fn set_enabled(&self, enabled: bool) -> Result<(), AutostartError> {
        system::set_enabled(enabled).map_err(|source| AutostartError { source })
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Linux: a desktop entry in the autostart folder of the XDG specification.
#[cfg(target_os = "linux")]
mod system {
    use std::path::{Path, PathBuf};
    use std::{env, fs, io};

    use super::Cause;
    use crate::HIDDEN;

    pub(super) fn is_enabled() -> Result<bool, Cause> {
        match fs::read_to_string(entry()?) {
            Ok(text) => Ok(!text.lines().any(|line| line.trim() == "Hidden=true")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn set_enabled(enabled: bool) -> Result<(), Cause> {
        let entry = entry()?;
        if enabled {
            if let Some(folder) = entry.parent() {
                fs::create_dir_all(folder)?;
            }
            return Ok(fs::write(entry, text(&program()?)?)?);
        }
        match fs::remove_file(entry) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn entry() -> Result<PathBuf, Cause> {
        let folder = dirs::config_dir().ok_or("the folder for settings is not known")?;
        Ok(folder.join("autostart").join("holdfast.desktop"))
    }

    /// An AppImage is started by its own path, not by that of the program unpacked from it.
    fn program() -> io::Result<PathBuf> {
        env::var_os("APPIMAGE").map_or_else(env::current_exe, |image| Ok(image.into()))
    }

    fn text(program: &Path) -> Result<String, Cause> {
        let program = program.to_str().ok_or("the program's path is not valid text")?;
        let command = format!("{} {HIDDEN}", quoted(program));
        Ok(format!(
            "[Desktop Entry]\nType=Application\nName=Holdfast\n\
             Comment=Keeps your backups running\nExec={command}\nIcon=holdfast-desktop\n\
             Terminal=false\nX-GNOME-Autostart-enabled=true\n"
        ))
    }

    /// Quotes an argument of `Exec`: in double quotes, what the shell would see is escaped; then
    /// backslashes once more, for the value is a string of the desktop entry; `%` starts a code.
    fn quoted(argument: &str) -> String {
        let mut quoted = String::from('"');
        for letter in argument.chars() {
            match letter {
                '"' | '`' | '$' => quoted.extend(["\\\\", &letter.to_string()]),
                '\\' => quoted.push_str("\\\\\\\\"),
                '%' => quoted.push_str("%%"),
                letter => quoted.push(letter),
            }
        }
        quoted.push('"');
        quoted
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_path_of_the_program_is_quoted() {
            assert_eq!(quoted("/opt/My Apps/hold fast"), r#""/opt/My Apps/hold fast""#);
            assert_eq!(quoted(r#"/a"b$c%d\e"#), r#""/a\\"b\\$c%%d\\\\e""#);
        }

        #[test]
        fn the_entry_starts_hidden() {
            let text = text(Path::new("/usr/bin/holdfast-desktop")).expect("a path in UTF-8");
            assert!(text.contains("\nExec=\"/usr/bin/holdfast-desktop\" --hidden\n"), "{text}");
        }
    }
}

/// macOS: a launch agent. Windows: the user's `Run` key.
#[cfg(not(target_os = "linux"))]
mod system {
    use auto_launch::{AutoLaunch, AutoLaunchBuilder};

    use super::Cause;
    use crate::HIDDEN;

    pub(super) fn is_enabled() -> Result<bool, Cause> {
        Ok(item()?.is_enabled()?)
    }

    pub(super) fn set_enabled(enabled: bool) -> Result<(), Cause> {
        let item = item()?;
        if enabled {
            return Ok(item.enable()?);
        }
        if item.is_enabled()? { Ok(item.disable()?) } else { Ok(()) }
    }

    fn item() -> Result<AutoLaunch, Cause> {
        let program = std::env::current_exe()?;
        let program = program.to_str().ok_or("the program's path is not valid text")?;
        let mut builder = AutoLaunchBuilder::new();
        builder.set_app_name("Holdfast").set_app_path(&as_stored(program)).set_args(&[HIDDEN]);
        #[cfg(target_os = "macos")]
        builder.set_macos_launch_mode(auto_launch::MacOSLaunchMode::LaunchAgent);
        Ok(builder.build()?)
    }

    /// The registry holds a command line.
    #[cfg(windows)]
    fn as_stored(program: &str) -> String {
        format!("\"{program}\"")
    }

    #[cfg(target_os = "macos")]
    fn as_stored(program: &str) -> String {
        program.to_owned()
    }
}
