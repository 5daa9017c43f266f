import ArgumentParser

/// The command line of ModelApp.
@main
struct ModelAppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modelapp",
        abstract: "Runs the latest code together with the latest model, as one release, on Kubernetes.",
        version: Version.text,
        subcommands: [
            OperatorCommand.self, DemoCommand.self, PlanCommand.self, WhyCommand.self, SimulateCommand.self,
            HistoryCommand.self, RollbackCommand.self, ResumeCommand.self, ReleaseNowCommand.self, ApproveCommand.self,
            UnquarantineCommand.self, HookCommand.self, CRDCommand.self, FetchCommand.self, VerifyCommand.self,
            PackageCommand.self, GCCommand.self, VersionCommand.self,
        ]
    )
}

/// The version of this program.
enum Version {
    static let text = "0.1.0"
}
