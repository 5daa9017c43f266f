import Artifacts
import FoundationEssentials
import Glibc
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import ModelAppAPI
import ReleasePlanning

/// The story that the demo tells, step by step, each measured from the push to the patched Deployment as a client
/// sees it.
struct DemoStory: Sendable {
    let cluster: DemoCluster
    let time: TimeSource
    let tells: Bool

    static let key = ObjectKey(namespace: "prod", name: "image-classifier")

    /// How long a step may take. On an idle machine they take three seconds, most of it `settle`.
    static let patience = Duration.seconds(20)

    func say(_ text: String, end: String = "\n") { if tells { StandardOutput.write(text + end) } }

    /// Tells the story; false if anything did not converge. Cancelled while it keeps everything running it returns as if
    /// it had ended by itself. The operator has ended whenever this returns or throws.
    func run(keep: Bool, json: Bool, manifest: Manifest?) async throws -> Bool {
        let addresses = try await cluster.addresses()
        let client = cluster.client(logger: Logger(label: "demo"))
        try await prepare(client, addresses, manifest)
        let log = cluster.folder + "/operator.log"
        let child = try ChildProcess(
            ChildProcess.ownPath,
            ["operator", "--allow-endpoint", "127.0.0.1"],
            environment: ["KUBECONFIG": addresses.kubeconfig],
            log: log
        )
        defer { child.stop() }
        if json {
            StandardOutput.write(cluster.json(addresses).canonicalText + "\n")
            try await wait(for: child, log)
            return true
        }
        say("Embedded cluster, registry and blob store on loopback; `modelapp operator`\nruns as a child process.\n")
        let started = time.now
        var (told, failures) = (0, 0)
        for chapter in chapters(client) {
            say("  " + chapter.title.padded(to: 41), end: "")
            told += 1
            do {
                let outcome = try await chapter.tell()
                try await converged(client)
                say(outcome)
            } catch let problem as CommandError {
                say("FAILED: \(problem.message)")
                failures += 1
                break
            }
        }
        say("")
        try await summary(client)
        say("\n\(told - failures) of \(told) steps in \((time.now - started).tenths) s.")
        if failures > 0 {
            say("\nThe operator's log:\n" + end(of: log))
        } else if keep {
            say(Self.invitation(addresses, cluster.folder))
            try await wait(for: child, log)
        }
        return failures == 0
    }

    private struct Chapter: Sendable {
        var title: String
        var tell: @Sendable () async throws -> String
    }

    private func chapters(_ client: Client) -> [Chapter] {
        let image = DemoImage(registry: cluster.registry, repository: "model-api")
        return [
            Chapter(title: "First release: build 1041 + model") {
                try await self.released(client) { $0.tag == "1041" }
            },
            Chapter(title: "A new model alone") {
                let before = try await self.live(client)
                try self.upload("ResNet_152.model", "weights, night 2")
                try self.upload("synset.txt", "labels, night 2")
                return try await self.released(client) { $0.revision != before.revision && $0.tag == before.tag }
            },
            Chapter(title: "New code alone: build 1042") {
                let before = try await self.live(client)
                _ = try await image.push("1042")
                return try await self.released(client) { $0.tag == "1042" && $0.revision == before.revision }
            },
            Chapter(title: "Both at once: build 1043 + model") {
                let before = try await self.live(client)
                try self.upload("ResNet_152.model", "weights, night 3")
                try self.upload("synset.txt", "labels, night 3")
                _ = try await image.push("1043")
                return try await self.released(client) { $0.tag == "1043" && $0.revision != before.revision }
            },
            Chapter(title: "A half-uploaded model is not taken") {
                let before = try await self.live(client)
                try self.remove("synset.txt")
                try self.upload("ResNet_152.model", "weights, night 4")
                // Longer than `settle`: time alone must not complete it.
                try await self.time.sleep(for: .milliseconds(4500))
                let after = try await self.live(client)
                guard after.revision == before.revision else { throw CommandError("half a model was released") }
                try self.upload("synset.txt", "labels, night 4")
                return "not in 4.5 s; whole:\(try await self.released(client) { $0.revision != before.revision })"
            },
            Chapter(title: "A hand-edited Deployment is put back") {
                let before = try await self.live(client)
                try await self.edit(client, image: "nginx:latest")
                return try await self.released(client) { $0.image == before.image }
            },
        ]
    }
}

extension DemoStory {
    /// What a client sees of the Deployment.
    struct Live: Sendable {
        var image = ""
        var tag = ""
        var revision = ""
    }

    private func live(_ client: Client) async throws -> Live {
        guard let deployment = try await client.get(Deployment.self, Self.key) else { return Live() }
        var live = Live()
        let container = deployment.spec["template"]?["spec"]?["containers"]?[0]
        live.image = container?["image"]?.string ?? ""
        live.tag = deployment.metadata.annotations[Keys.codeTag] ?? ""
        live.revision =
            (container?["env"]?.array ?? []).first { $0["name"] == "MODEL_REVISION" }?["value"]?.string ?? ""
        return live
    }

    /// Waits until the Deployment is as wanted and says how long that took.
    private func released(_ client: Client, _ isDone: (Live) -> Bool) async throws -> String {
        let start = time.now
        while time.now - start < Self.patience {
            if isDone(try await live(client)) { return " \((time.now - start).tenths) s" }
            try await time.sleep(for: .milliseconds(20))
        }
        throw CommandError("the Deployment was not patched within \(Self.patience.tenths) s")
    }

    /// Waits until the status says of what the Deployment has that it runs: not of what was there before.
    private func converged(_ client: Client) async throws {
        let start = time.now
        while time.now - start < Self.patience {
            if let app = try await client.get(ModelApp.self, Self.key), let current = app.status.release?.current,
                app.status.condition("Ready")?.isTrue == true, app.status.condition("Reconciling") == nil
            {
                let live = try await live(client)
                if live.revision == current.model.digest, live.image == current.image { return }
            }
            try await time.sleep(for: .milliseconds(20))
        }
        throw CommandError("the ModelApp was not Ready within \(Self.patience.tenths) s")
    }

    /// Does what `kubectl set image` does.
    private func edit(_ client: Client, image: String) async throws {
        let operations: JSONValue = [
            ["op": "replace", "path": "/spec/template/spec/containers/0/image", "value": .string(image)]
        ]
        try await client.patch(Deployment.resource, Self.key, operations, fieldManager: FieldManager("kubectl-edit"))
    }

    private func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: cluster.folder + "/blobs/pretrainedmodel/\(name)")
    }

    private func summary(_ client: Client) async throws {
        guard let app = try await client.get(ModelApp.self, Self.key) else { return }
        let current = app.status.release?.current
        say("  NAME               READY  CODE  MODEL                 REVISION")
        say(
            "  \(app.metadata.name.padded(to: 19))"
                + (app.status.condition("Ready")?.status ?? "-").padded(to: 7)
                + (current?.code.tag ?? "-").padded(to: 6) + (current?.model.version ?? "-").padded(to: 22)
                + String((current?.model.digest ?? "-").prefix(19))
        )
        if let ready = app.status.condition("Ready"), !ready.isTrue { say("  \(ready.reason): \(ready.message)") }
        say("\n  Releases, newest first:")
        for entry in app.status.history {
            say(
                "  \(entry.id)  code \(entry.code.padded(to: 5))model \(entry.model.padded(to: 21))"
                    + "\(entry.cause.padded(to: 9))\(entry.result)"
            )
        }
    }

    private func wait(for child: ChildProcess, _ log: String) async throws {
        while child.exitStatus() == nil {
            do { try await time.sleep(for: .milliseconds(200)) } catch { return }
        }
        throw CommandError("the operator ended by itself. The end of its log:\n" + end(of: log))
    }

    /// The last lines of the operator's log, which goes with the folder that it lies in.
    private func end(of log: String) -> String {
        let text = (try? FileReader.system.read(log)) ?? nil
        let lines = String(decoding: text ?? [], as: UTF8.self).split(separator: "\n")
        return lines.suffix(40).joined(separator: "\n")
    }

    private static func invitation(_ addresses: DemoCluster.Addresses, _ folder: String) -> String {
        """

        Everything keeps running until Ctrl-C. In another terminal:

          export KUBECONFIG=\(addresses.kubeconfig)
          kubectl get modelapps -w
          echo "weights, night 5" > \(folder)/blobs/pretrainedmodel/ResNet_152.model
          kubectl describe modelapp image-classifier
        """
    }
}

extension String {
    /// The text with spaces behind it, at least `width` characters long.
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}

extension Duration {
    /// Seconds with one digit after the point.
    fileprivate var tenths: String {
        let tenths = Int((inSeconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
