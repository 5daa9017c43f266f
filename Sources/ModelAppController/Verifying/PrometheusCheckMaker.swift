import HTTPTransport
import HTTPTypes
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// Asks a Prometheus server for as long as a check's result has to stay in bounds.
struct PrometheusCheckMaker: Sendable {
    let server: CheckAccess.Prometheus?
    let time: TimeSource
    /// The time between two samples; a scrape is seldom more frequent.
    private static let interval = Duration.seconds(15)

    /// What the samples say. A server that does not answer says nothing, and the time begins anew.
    func verdict(
        _ check: PrometheusCheck,
        _ operation: CheckOperation,
        isWanted: () -> Bool
    ) async -> CheckVerdict {
        guard let server else {
            let message = "prometheus: the operator was started without --prometheus-url"
            return .blocked(reason: "PrometheusMissing", message: message)
        }
        let end = time.now.advanced(by: check.period?.duration ?? .zero)
        while true {
            let verdict = await sample(check, operation, server)
            guard verdict == .passed else { return verdict }
            let left = end - time.now
            guard left > .zero, isWanted() else { return .passed }
            do {
                try await time.sleep(for: min(left, Self.interval))
            } catch {
                return .blocked(reason: "Cancelled", message: "cancelled")
            }
        }
    }

    private func sample(
        _ check: PrometheusCheck,
        _ operation: CheckOperation,
        _ server: CheckAccess.Prometheus
    ) async -> CheckVerdict {
        var url = server.url
        url.path = (url.path.hasSuffix("/") ? String(url.path.dropLast()) : url.path) + "/api/v1/query"
        url.query = HTTPURL.query([("query", check.query(app: operation.app.name, release: operation.release))])
        do {
            return try await server.transport.withResponse(
                to: url.request(.get, [.accept: "application/json"]),
                body: nil,
                timeouts: HTTPTimeouts(head: operation.timeout, idleRead: operation.timeout)
            ) { response, chunks in
                let bytes = try await chunks.collect(upTo: 1 << 20)
                switch response.status.code {
                case 200: return check.verdict(answer: bytes)
                case 400, 422:
                    return .blocked(reason: "InvalidQuery", message: "prometheus: the server refuses the query")
                default:
                    let message = "prometheus: the server answers \(response.status.code)"
                    return .blocked(reason: "PrometheusUnavailable", message: message)
                }
            }
        } catch {
            return .blocked(reason: "PrometheusUnavailable", message: "prometheus: the server does not answer")
        }
    }
}
