import Artifacts
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning

/// Sends the same inputs to a pod of the release that runs and to the candidate, and compares what they answer.
struct PredictionCheckMaker: Sendable {
    let client: Client
    let transport: any HTTPTransport
    private static let maximumAnswer = 1 << 20
    private static let maximumInputs = 256

    private enum Answer {
        case bytes([UInt8])
        case none(String)
        case refused(String)
    }

    /// What the comparison comes to.
    func verdict(_ check: PredictionCheck, _ operation: CheckOperation) async -> CheckVerdict {
        guard let running = operation.running else {
            return operation.isFirst
                ? .measured(message: "nothing runs with which to compare")
                : .blocked(reason: "RunningPodMissing", message: "no pod of the running release is ready")
        }
        let text: [UInt8]
        switch await check.inputsFrom.content(for: operation.app, "predictions.inputsFrom", client) {
        case .success(let bytes): text = bytes
        case .failure(let failure): return .blocked(reason: failure.reason, message: failure.message)
        }
        let inputs = text.split(separator: UInt8(ascii: "\n")).map { Array($0) }.filter { line in
            line.contains { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }
        }
        guard inputs.count <= Self.maximumInputs else {
            let message = "predictions.inputsFrom: \(inputs.count) lines, more than \(Self.maximumInputs)"
            return .blocked(reason: "TooManyInputs", message: message)
        }
        guard var tally = try? PredictionTally(check), let fields = Self.fields(check),
            let method = HTTPRequest.Method(rawValue: check.method)
        else {
            return .blocked(reason: "InvalidSpec", message: "predictions: method, headers or jsonPath make no sense")
        }
        for (index, input) in inputs.enumerated() {
            func ask(_ pod: CandidatePod) async -> Answer {
                let request = Self.url(check, pod).request(method, fields)
                return await answer(request, input, operation.timeout)
            }
            // What runs is the measure: where it gives none, nothing is said of the candidate.
            let wanted: JSONValue
            switch await ask(running) {
            case .bytes(let bytes):
                guard let value = tally.value(in: bytes) else {
                    let message =
                        "the running release's answer to input \(index + 1) has nothing at predictions.jsonPath"
                    return .blocked(reason: "RunningReleaseFails", message: message)
                }
                wanted = value
            case .none(let why):
                let message = "the running release does not answer input \(index + 1): \(why)"
                return .blocked(reason: "RunningReleaseFails", message: message)
            case .refused(let message): return .blocked(reason: "AddressRefused", message: message)
            }
            switch await ask(operation.pod) {
            case .bytes(let bytes): tally.add(running: wanted, candidate: tally.value(in: bytes))
            case .none: tally.add(running: wanted, candidate: nil)
            case .refused(let message): return .blocked(reason: "AddressRefused", message: message)
            }
            if Task.isCancelled { return .blocked(reason: "Cancelled", message: "the operator ends") }
        }
        return tally.verdict
    }

    private static func fields(_ check: PredictionCheck) -> HTTPFields? {
        var fields: HTTPFields = [.contentType: "application/json"]
        for (name, value) in check.headers {
            guard let name = HTTPField.Name(name) else { return nil }
            fields[name] = value
        }
        return fields
    }

    private static func url(_ check: PredictionCheck, _ pod: CandidatePod) -> HTTPURL {
        let parts = check.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return HTTPURL(
            scheme: "http",
            host: pod.address,
            port: Int(check.port),
            path: parts.first ?? "/",
            query: parts.count > 1 ? parts[1] : nil
        )
    }

    private func answer(_ request: HTTPRequest, _ body: [UInt8], _ timeout: Duration) async -> Answer {
        do {
            return try await transport.withResponse(
                to: request,
                body: .bytes(body),
                timeouts: HTTPTimeouts(head: timeout, idleRead: timeout)
            ) { response, chunks in
                let bytes = try await chunks.collect(upTo: Self.maximumAnswer)
                guard (200...299).contains(response.status.code) else { return .none("status \(response.status.code)") }
                return .bytes(bytes)
            }
        } catch let error as HTTPTransportError {
            return error.code == .refusedAddress ? .refused(error.message) : .none(error.message)
        } catch {
            return .none("no answer")
        }
    }
}
