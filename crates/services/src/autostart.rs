//! Start at login.

use std::env;
use std::path::PathBuf;

use holdfast_app::ports::{Autostart, AutostartError};

/// Starts without a window: what start at login passes.
pub const HIDDEN: &str = "--hidden";

/// The entry that starts the desktop program, hidden, when its user logs in.
#[derive(Debug, Clone)]
pub struct LoginItem {
    program: Option<PathBuf>,
}

impl LoginItem {
    /// The entry of the program that runs. An AppImage is started by its own path, not by that of
    /// the program unpacked from it.
    #[must_use]
    pub fn of_this_program() -> Self {
        let image = if cfg!(target_os = "linux") { env::var_os("APPIMAGE") } else { None };
        Self { program: image.map(PathBuf::from).or_else(|| env::current_exe().ok()) }
    }

    /// The entry of the desktop program that is installed beside the one that runs. Without one it
    /// can be read and turned off, and not turned on.
    #[must_use]
    pub fn of_the_desktop_program() -> Self {
        let name = format!("holdfast-desktop{}", env::consts::EXE_SUFFIX);
        let beside = env::current_exe().ok().map(|program| program.with_file_name(name));
        Self { program: beside.filter(|program| program.is_file()) }
    }

    fn program(&self) -> Result<&str, Cause> {
        let program = self.program.as_deref().ok_or("the desktop program was not found")?;
        Ok(program.to_str().ok_or("the program's path is not valid text")?)
    }
}

impl Autostart for LoginItem {
    fn is_enabled(&self) -> Result<bool, AutostartError> {
        system::is_enabled(self).map_err(|source| AutostartError { source })
    }

    fn set_enabled(&self, enabled: bool) -> Result<(), AutostartError> {
        let set = if enabled { system::enable(self) } else { system::disable(self) };
        set.map_err(|source| AutostartError { source })
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Linux: a desktop entry in the autostart folder of the XDG specification.
#[cfg(target_os = "linux")]
mod system {
    use std::path::PathBuf;
    use std::{fs, io};

    use super::{Cause, HIDDEN, LoginItem};

    pub(super) fn is_enabled(_: &LoginItem) -> Result<bool, Cause> {
        match fs::read_to_string(entry()?) {
            Ok(text) => Ok(!text.lines().any(|line| line.trim() == "Hidden=true")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn enable(item: &LoginItem) -> Result<(), Cause> {
        let entry = entry()?;
        if let Some(folder) = entry.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(entry, text(item.program()?))?)
    }

    pub(super) fn disable(_: &LoginItem) -> Result<(), Cause> {
        match fs::remove_file(entry()?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn entry() -> Result<PathBuf, Cause> {
        let folder = dirs::config_dir().ok_or("the folder for settings is not known")?;
        Ok(folder.join("autostart").join("holdfast.desktop"))
    }

    fn text(program: &str) -> String {
        let command = format!("{} {HIDDEN}", quoted(program));
        format!(
            "[Desktop Entry]\nType=Application\nName=Holdfast\n\
             Comment=Keeps your backups running\nExec={command}\nIcon=holdfast-desktop\n\
             Terminal=false\nX-GNOME-Autostart-enabled=true\n"
        )
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
            let text = text("/usr/bin/holdfast-desktop");
            assert!(text.contains("\nExec=\"/usr/bin/holdfast-desktop\" --hidden\n"), "{text}");
        }
    }
}

/// macOS: a launch agent. Windows: the user's `Run` key.
#[cfg(not(target_os = "linux"))]
mod system {
    use auto_launch::{AutoLaunch, AutoLaunchBuilder};

    use super::{Cause, HIDDEN, LoginItem};

    pub(super) fn is_enabled(item: &LoginItem) -> Result<bool, Cause> {
        Ok(entry(item.program().unwrap_or_default())?.is_enabled()?)
    }

    pub(super) fn enable(item: &LoginItem) -> Result<(), Cause> {
        Ok(entry(item.program()?)?.enable()?)
    }

    pub(super) fn disable(item: &LoginItem) -> Result<(), Cause> {
        let item = entry(item.program().unwrap_or_default())?;
        if item.is_enabled()? { Ok(item.disable()?) } else { Ok(()) }
    }

    fn entry(program: &str) -> Result<AutoLaunch, Cause> {
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
