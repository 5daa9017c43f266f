import ArgumentParser
import Artifacts
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning

/// Lets the release that waits start at once.
struct ReleaseNowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release-now",
        abstract: "Lets a release that waits for a window start now.",
        discussion: "Sets the annotation modelapp.dev/release-now. It counts for this release only."
    )

    @OptionGroup var reference: ModelAppReference
    @Argument(help: "The release. Default: the one that waits.")
    var id: String?

    func run() async throws {
        try await reference.withModelApp("release-now") { _, client, app in
            let id = try id ?? app.waitingRelease()
            try await client.annotate(app, Keys.releaseNow, id)
            StandardOutput.write("release \(id) may start now\n")
        }
    }
}

/// Approves the release that waits.
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approves a release that waits for approval, under your name.",
        discussion: """
            Sets the annotation modelapp.dev/approve to the release and the name by which the API server knows you. Whether \
            somebody else could write your name is for the admission policy to say.
            """
    )

    @OptionGroup var reference: ModelAppReference
    @Argument(help: "The release. Default: the one that waits.")
    var id: String?
    @Option(help: ArgumentHelp("Your name, where the API server does not tell (before 1.28).", valueName: "name"))
    var user: String?

    func run() async throws {
        try await reference.withModelApp("approve") { _, client, app in
            let id = try id ?? app.waitingRelease()
            let name: String
            if let user { name = user } else { name = try await client.userName() }
            guard !name.isEmpty, !name.contains(where: \.isWhitespace) else {
                throw CommandError("the name \"\(name)\" cannot be told from what stands before it: it has blanks")
            }
            try await client.annotate(app, Keys.approve, "\(id) \(name)")
            StandardOutput.write("release \(id) is approved by \(name)\n")
        }
    }
}

/// Has a release that failed tried once more.
struct UnquarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unquarantine",
        abstract: "Has a release that failed tried once more.",
        discussion: "Sets the annotation modelapp.dev/unquarantine. It counts for one try."
    )

    @OptionGroup var reference: ModelAppReference
    @Argument(help: "The release, or the beginning of its id. Default: the one that is in quarantine.")
    var id: String?

    func run() async throws {
        try await reference.withModelApp("unquarantine") { session, client, app in
            let failed = try await session.observe(app).quarantined
            let found = failed.filter { $0.release.id.hasPrefix(id ?? "") }
            guard let stored = found.first, found.count == 1 else {
                let list = failed.map { "  \($0.release.name): \($0.failure?.reason ?? "")\n" }.joined()
                throw CommandError(
                    failed.isEmpty
                        ? "nothing of \(app.metadata.name) is in quarantine" : "name one of these releases:\n\(list)"
                )
            }
            // What stands behind the dot makes it another request than any before.
            let mark = TimeSource.system.date().rfc3339
            try await client.annotate(app, Keys.unquarantine, "\(stored.release.id).\(mark)")
            StandardOutput.write("\(stored.release.name) is tried once more\n")
        }
    }
}

/// Ends a hold.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Goes on after a rollback or kubectl rollout undo: the newest release may start again.",
        discussion: """
            Removes the annotation modelapp.dev/rollback, and sets modelapp.dev/resume to the release that is held by hand.
            """
    )

    @OptionGroup var reference: ModelAppReference

    func run() async throws {
        try await reference.withModelApp("resume") { session, client, app in
            let observation = try await session.observe(app)
            var lines: [String] = []
            if app.metadata.annotations[Keys.rollback] != nil {
                try await client.annotate(app, Keys.rollback, nil)
                lines.append("the annotation \(Keys.rollback) is removed")
            }
            if let held = observation.heldByHand {
                let mark = TimeSource.system.date().rfc3339
                try await client.annotate(app, Keys.resume, "\(held.release.id).\(mark)")
                lines.append("\(held.release.name) is not held any longer")
            }
            if observation.deployment?.spec["paused"] == true {
                lines.append("the Deployment is paused: kubectl rollout resume deployment/\(app.metadata.name)")
            }
            guard !lines.isEmpty else { throw CommandError("nothing holds a release of \(app.metadata.name)") }
            StandardOutput.write(lines.joined(separator: "\n") + "\n")
        }
    }
}

extension ModelApp {
    /// The release that waits.
    fileprivate func waitingRelease() throws -> String {
        guard let target = status.release?.target, target.phase == .waiting else {
            throw CommandError("no release of \(metadata.name) waits; name one to have it start when it comes")
        }
        return target.id
    }
}

extension Client {
    /// The name by which the API server knows the caller.
    fileprivate func userName() async throws -> String {
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        let question: JSONValue = ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"]
        do throws(KubernetesError) {
            let answer = try await post(path, question)
            guard let name = answer["status"]?["userInfo"]?["username"]?.string else {
                throw KubernetesError(.decoding, "the API server does not say who you are; use --user")
            }
            return name
        } catch  where error.isNotFound {
            throw CommandError("the API server cannot be asked who you are (it is older than 1.28); use --user")
        }
    }
}
