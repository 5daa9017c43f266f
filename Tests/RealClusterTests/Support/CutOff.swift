import Foundation
import TestSupport
import Testing

/// A network namespace with one way out, to the API server, whose connections can be cut off: their packets are dropped
/// from then on and nobody is told, as by a firewall that has forgotten them. New connections go through.
///
/// Needs root, `ip`, `iptables`, `ss` and `python3`; `missing` says what is not there.
struct CutOff: Sendable {
    /// Starts a program inside.
    var wrapper: [String] { ["ip", "netns", "exec", name] }
    /// The host's address, as seen from inside.
    let gateway: String

    private let name: String

    /// What this machine lacks; nil where nothing is missing.
    static let missing: String? = {
        if geteuid() != 0 { return "network namespaces are made by root only" }
        let absent = ["ip", "iptables", "ss", "python3"].filter { Tool.find($0, in: ChildProcess.path) == nil }
        return absent.isEmpty ? nil : "\(absent.joined(separator: ", ")) not installed"
    }()

    /// Lends a namespace, from which `port` of this machine's loopback interface is reached as `gateway:port`.
    static func with(port: Int, folder: TemporaryFolder, _ body: (CutOff) async throws -> Void) async throws {
        let name = "ma" + String(UInt16.random(in: .min ... .max), radix: 36)
        let subnet = "10.231.\(Int.random(in: 0...255))"
        let cut = CutOff(gateway: subnet + ".1", name: name)
        let result: Result<Void, any Error>
        do {
            try await run("ip", "netns", "add", name)
            try await run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            try await run("ip", "address", "add", "\(subnet).1/24", "dev", name)
            try await run("ip", "link", "set", name, "up")
            try await cut.inside("ip", "address", "add", "\(subnet).2/24", "dev", "eth0")
            try await cut.inside("ip", "link", "set", "lo", "up")
            try await cut.inside("ip", "link", "set", "eth0", "up")
            try folder.write(forwarder, to: "forward.py")
            let forward = try ChildProcess(
                ["python3", folder.path + "/forward.py", cut.gateway, String(port)],
                log: folder.path + "/forward.log"
            )
            try await eventually("the way to the API server is open", within: .seconds(20), about: { forward.log }) {
                forward.log.contains("ready")
            }
            try await body(cut)
            forward.kill()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // Takes both ends of the link with it.
        _ = try? await run("ip", "netns", "delete", name)
        try result.get()
    }

    /// Drops every packet of the connections that are open now. Says how many those are.
    func dropConnections() async throws -> Int {
        let open = try await inside("ss", "-Htn", "state", "established")
        let ports = open.split(separator: "\n").compactMap { line -> Substring? in
            // Recv-Q Send-Q local:port peer:port
            let columns = line.split(separator: " ", omittingEmptySubsequences: true)
            guard columns.count >= 4, columns[3].hasPrefix(gateway) else { return nil }
            return columns[2].split(separator: ":").last
        }
        for port in ports {
            try await inside("iptables", "-A", "OUTPUT", "-p", "tcp", "--sport", String(port), "-j", "DROP")
            try await inside("iptables", "-A", "INPUT", "-p", "tcp", "--dport", String(port), "-j", "DROP")
        }
        return ports.count
    }

    @discardableResult
    private func inside(_ command: String...) async throws -> String { try await Self.run(wrapper + command) }

    @discardableResult
    private static func run(_ command: String...) async throws -> String { try await run(command) }

    private static func run(_ command: [String]) async throws -> String {
        let tool = try #require(Tool.find(command[0], in: ChildProcess.path), "\(command[0]) is not installed")
        let result = try await tool.run(Array(command.dropFirst()), environment: ["PATH": ChildProcess.path])
        try #require(result.status == 0, "\(command.joined(separator: " ")): \(result.output)")
        return result.output
    }

    /// Carries bytes between the namespace and the loopback interface, on which the API server listens.
    private static let forwarder = """
        import asyncio, sys
        host, port = sys.argv[1], int(sys.argv[2])

        async def pipe(reader, writer):
            try:
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()

        async def serve(reader, writer):
            there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

        async def main():
            server = await asyncio.start_server(serve, host, port)
            print("ready", flush=True)
            await server.serve_forever()

        asyncio.run(main())
        """
}
