/// Runs programs, so that tests need none.
public struct ProgramRunner: Sendable {
    /// A program with what it is given.
    public struct Program: Sendable, Hashable {
        /// A path, or a name that is looked up in `PATH`.
        public var command: String
        /// The arguments, without the command.
        public var arguments: [String]
        /// All its variables.
        public var environment: [String: String]
        /// How long it may run; it is killed then, with its children.
        public var timeout: Duration
        /// How many bytes it may print; it is killed beyond.
        public var maximumOutput: Int

        /// A program of its parts.
        public init(
            command: String,
            arguments: [String] = [],
            environment: [String: String] = [:],
            timeout: Duration,
            maximumOutput: Int
        ) {
            self.command = command
            self.arguments = arguments
            self.environment = environment
            self.timeout = timeout
            self.maximumOutput = maximumOutput
        }
    }

    /// How a program ended.
    public struct Outcome: Sendable, Hashable {
        /// The exit status; 128 and the signal's number where one ended it, as shells count.
        public var status: Int32
        /// What it printed.
        public var output: [UInt8]
        /// What it printed to its error output, the end of it.
        public var diagnostics: [UInt8]

        /// An outcome of its parts.
        public init(status: Int32, output: [UInt8] = [], diagnostics: [UInt8] = []) {
            self.status = status
            self.output = output
            self.diagnostics = diagnostics
        }

        var end: String { status > 128 ? "signal \(status - 128)" : "exit status \(status)" }

        /// The end of the diagnostics on one line, without control characters.
        var lastWords: String {
            let text = String(decoding: diagnostics.suffix(500), as: UTF8.self)
            let line = text.unicodeScalars.map { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? " " : $0 }
            var output = ""
            output.unicodeScalars.append(contentsOf: line)
            let words = output.split(separator: " ").joined(separator: " ")
            return words.isEmpty ? "it says nothing" : words
        }
    }

    private let perform: @Sendable (Program) async throws(KubernetesError) -> Outcome

    /// A runner over a closure.
    public init(_ perform: @escaping @Sendable (Program) async throws(KubernetesError) -> Outcome) {
        self.perform = perform
    }

    /// Runs a program to its end. Throws `configuration` where it cannot be started or prints too much, `timeout`
    /// where it takes too long, `cancelled` where the task is cancelled; it is killed then.
    public func run(_ program: Program) async throws(KubernetesError) -> Outcome { try await perform(program) }

    /// Starts real processes: no shell, no input, a process group of their own.
    public static let system = ProgramRunner { program throws(KubernetesError) in
        try await ChildProcess(program).run()
    }
}
