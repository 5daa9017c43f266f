import AsyncHTTPClient
public import HTTPTransport
public import HTTPTypes
import NIOCore

/// The network seam over AsyncHTTPClient: HTTP/1.1, one connection an exchange, no redirects, no retries, bodies as
/// they are on the wire.
///
/// `timeouts.head` is exact. `timeouts.idleRead` is rounded up to the pool's limit for calls or for watches, because
/// AsyncHTTPClient's read limit belongs to a client. Errors name the host, never headers or a query.
public struct AsyncHTTPTransport: HTTPTransport {
    /// How many addresses of one host are tried, where a policy chose them.
    private static let maximumAttempts = 4

    private let pool: ClientPool
    private let settings: PreparedSettings
    private let policy: AddressPolicy

    init(pool: ClientPool, settings: PreparedSettings, policy: AddressPolicy) {
        self.pool = pool
        self.settings = settings
        self.policy = policy
    }

    /// Sends `request` and lends the response to `consume`.
    public func withResponse<Value: Sendable>(
        to request: HTTPRequest,
        body: HTTPRequestBody?,
        timeouts: HTTPTimeouts,
        _ consume: (HTTPResponse, HTTPBodyChunks) async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let deadline = NIODeadline.now() + TimeAmount(timeouts.head)
        let message = try RequestMessage(request, body)
        let keys = try await route(message.url, timeouts, deadline)
        var failure = HTTPTransportError(.connect, "\(message.url.host) has no address")
        for key in keys {
            let client = try pool.acquire(key)
            defer { pool.release(key) }
            let response: HTTPClientResponse
            do {
                response = try await client.execute(message.prepared(host: key.host), deadline: deadline)
            } catch {
                let cause = transportFailure(error, .head, message.url, timeouts)
                // Nothing was sent yet, so the next address may be tried.
                guard let refused = cause as? HTTPTransportError, refused.code == .connect else { throw cause }
                failure = refused
                continue
            }
            let lease = BodyLease()
            defer { lease.end() }
            let head = try HTTPResponse(response, from: message.url)
            return try await consume(head, chunks(response.body, lease, message.url, timeouts))
        }
        throw failure
    }

    /// Which clients can take a request, in order of preference.
    private func route(
        _ url: HTTPURL,
        _ timeouts: HTTPTimeouts,
        _ deadline: NIODeadline
    ) async throws -> [ClientPool.Key] {
        let silence = timeouts.idleRead <= pool.limits.callSilence ? pool.limits.callSilence : pool.limits.watchSilence
        var key = ClientPool.Key(settings: settings, silence: silence)
        key.proxy = settings.settings.proxy?.server(for: url)
        let name = url.scheme == "https" ? settings.settings.serverName?.lowercased() : nil
        if let name, name != url.host { (key.host, key.target) = (name, url.host) }

        guard let refusal = policy.refusal else { return [key] }
        let loop = HTTPClient.defaultEventLoopGroup.any()
        let addresses: [IPAddress]
        if key.proxy != nil {
            addresses = IPAddress(url.host).map { [$0] } ?? []
        } else {
            addresses = try await pool.resolver.addresses(of: url.host, deadline: deadline, on: loop)
        }
        if let reason = refusal(url.host, addresses) { throw HTTPTransportError(.refusedAddress, reason) }
        for server in policy.reserved {
            // A server that cannot be resolved now is still known by its name, and nobody else decides how it resolves.
            let own = try? await pool.resolver.addresses(of: server.host, deadline: deadline, on: loop)
            if let reason = server.refusal(url, addresses, own: own ?? []) {
                throw HTTPTransportError(.refusedAddress, reason)
            }
        }
        if key.proxy != nil { return [key] }
        return addresses.prefix(Self.maximumAttempts).map { address in
            var pinned = key
            (pinned.host, pinned.target) = (name ?? url.host, address.description)
            return pinned
        }
    }

    private func chunks(
        _ body: HTTPClientResponse.Body,
        _ lease: BodyLease,
        _ url: HTTPURL,
        _ timeouts: HTTPTimeouts
    ) -> HTTPBodyChunks {
        HTTPBodyChunks {
            // AsyncHTTPClient traps where a body is iterated twice.
            guard lease.take() else {
                return { throw HTTPTransportError(.invalidRequest, "the body was read already") }
            }
            var iterator = body.makeAsyncIterator()
            return {
                guard lease.isOpen else {
                    throw HTTPTransportError(.closed, "the body was read after its exchange had ended")
                }
                do {
                    if let buffer = try await iterator.next(isolation: #isolation) {
                        return Array(buffer.readableBytesView)
                    }
                } catch {
                    throw transportFailure(error, .body, url, timeouts)
                }
                // A cancelled stream must not look like a short one.
                try Task.checkCancellation()
                return nil
            }
        }
    }
}
