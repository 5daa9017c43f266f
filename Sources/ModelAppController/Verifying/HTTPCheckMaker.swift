import Artifacts
import HTTPTransport
import HTTPTypes
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning

/// Asks a candidate's pod, and judges its answer.
struct HTTPCheckMaker: Sendable {
    let client: Client
    let transport: any HTTPTransport
    let time: TimeSource
    /// How much of an answer is read.
    private static let maximumAnswer = 1 << 20

    /// What the answer says, after as many tries as the step allows.
    func verdict(_ check: HTTPCheck, _ operation: CheckOperation) async -> CheckVerdict {
        var body: [UInt8]?
        switch await check.bodyFrom?.content(for: operation.app, "http.bodyFrom", client) {
        case .success(let bytes): body = bytes
        case .failure(let failure): return .blocked(reason: failure.reason, message: failure.message)
        case nil: break
        }
        guard let method = HTTPRequest.Method(rawValue: check.method) else {
            return .blocked(reason: "InvalidSpec", message: "http.method: \(check.method.clipped) is none")
        }
        var fields: HTTPFields = [:]
        if body != nil { fields[.contentType] = "application/json" }
        for (name, value) in check.headers {
            guard let name = HTTPField.Name(name) else {
                return .blocked(reason: "InvalidSpec", message: "http.headers: \(name.clipped) is no name of a header")
            }
            fields[name] = value
        }
        let parts = check.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let url = HTTPURL(
            scheme: "http",
            host: operation.pod.address,
            port: Int(check.port),
            path: parts.first ?? "/",
            query: parts.count > 1 ? parts[1] : nil
        )
        let request = url.request(method, fields)
        var verdict = await attempt(request, body, check.expect, operation.timeout)
        for number in 0..<max(operation.step.retries, 0) {
            guard case .failed = verdict else { break }
            do { try await time.sleep(for: .seconds(1 << min(number, 4))) } catch { break }
            verdict = await attempt(request, body, check.expect, operation.timeout)
        }
        return verdict
    }

    private func attempt(
        _ request: HTTPRequest,
        _ body: [UInt8]?,
        _ expect: HTTPExpectation,
        _ timeout: Duration
    ) async -> CheckVerdict {
        let start = time.now
        do {
            return try await transport.withResponse(
                to: request,
                body: body.map { .bytes($0) },
                timeouts: HTTPTimeouts(head: timeout, idleRead: timeout)
            ) { response, chunks in
                let bytes = try await chunks.collect(upTo: Self.maximumAnswer)
                return expect.verdict(status: response.status.code, body: bytes, took: time.now - start)
            }
        } catch let error as HTTPTransportError {
            if error.code == .refusedAddress { return .blocked(reason: "AddressRefused", message: error.message) }
            return .failed(message: "no answer: \(error.message)", detail: nil)
        } catch {
            return .failed(message: "no answer", detail: nil)
        }
    }
}

extension BodySource {
    /// The content, or why it cannot be had.
    func content(
        for app: ObjectKey,
        _ field: String,
        _ client: Client
    ) async -> Result<[UInt8], ResolutionFailure> {
        let key = ObjectKey(namespace: app.namespace, name: configMapKeyRef.name)
        let subject = "\(field): ConfigMap \(key.name)"
        do throws(KubernetesError) {
            guard let map = try await client.get(ConfigMap.self, key) else {
                return .failure(
                    ResolutionFailure("ConfigMapNotFound", "\(subject) is not in namespace \(key.namespace)")
                )
            }
            if let text = map.data[configMapKeyRef.key] { return .success(Array(text.utf8)) }
            if let bytes = map.binaryData[configMapKeyRef.key].flatMap(Base64.decode) { return .success(bytes) }
            let message = "\(subject) has no key \(configMapKeyRef.key.clipped)"
            return .failure(ResolutionFailure("ConfigMapNotFound", message))
        } catch {
            return .failure(ResolutionFailure(check: error, "ConfigMap", subject))
        }
    }
}

extension ResolutionFailure {
    /// That the API server did not give what a check needs.
    init(check error: KubernetesError, _ what: String, _ subject: String) {
        if error.isForbidden {
            self.init("\(what)Forbidden", "\(subject): the operator may not; bind the Role modelapp-checks there")
        } else {
            self.init("\(what)Unreadable", "\(subject): \(error.message)")
        }
    }
}
