public import HTTPTransport

/// Where configuration comes from: everything outside the process that `ClusterConfiguration.load` looks at.
public struct ConfigurationSources: Sendable {
    /// The environment's variables.
    public var environment: [String: String]
    /// The files.
    public var files: FileReader
    /// Runs credential plugins.
    public var programs: ProgramRunner
    /// When tokens and credentials are due.
    public var time: TimeSource

    /// Sources of their parts; the machine's own files and programs where none are given.
    public init(
        environment: [String: String],
        files: FileReader = .system,
        programs: ProgramRunner = .system,
        time: TimeSource = .system
    ) {
        self.environment = environment
        self.files = files
        self.programs = programs
        self.time = time
    }
}
