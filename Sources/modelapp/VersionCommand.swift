import ArgumentParser

/// Prints the version, as `--version` does.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    func run() { StandardOutput.write(Version.text + "\n") }
}
