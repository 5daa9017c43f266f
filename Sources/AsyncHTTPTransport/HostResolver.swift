import HTTPTransport
import NIOCore
import NIOPosix
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Turns a name into addresses.
///
/// `getaddrinfo` blocks for as long as name servers are silent, so it runs on NIO's thread pool and never on the
/// cooperative pool; the caller's deadline ends the wait, though not the look-up.
struct HostResolver: Sendable {
    /// The most addresses of one name that are looked at.
    static let maximumAddresses = 16

    private let lookUp: @Sendable (String) throws(HTTPTransportError) -> [IPAddress]

    /// A resolver over a blocking look-up.
    init(_ lookUp: @escaping @Sendable (String) throws(HTTPTransportError) -> [IPAddress]) {
        self.lookUp = lookUp
    }

    /// The machine's own resolver.
    static let system = HostResolver(systemLookUp)

    /// The addresses of `host`, never none; an address stands for itself.
    func addresses(of host: String, deadline: NIODeadline, on loop: any EventLoop) async throws -> [IPAddress] {
        if let address = IPAddress(host) { return [address] }
        let promise = loop.makePromise(of: [IPAddress].self)
        let timer = loop.scheduleTask(deadline: deadline) {
            promise.fail(HTTPTransportError(.timeout, "no answer from the name servers about \(host) in time"))
        }
        defer { timer.cancel() }
        let lookUp = lookUp
        NIOThreadPool.singleton.submit { state in
            guard state == .active else { return promise.fail(CancellationError()) }
            promise.completeWith(Result { try lookUp(host) })
        }
        let found = try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
        guard !found.isEmpty else { throw HTTPTransportError(.connect, "\(host) has no address") }
        return Array(found.prefix(Self.maximumAddresses))
    }

    private static func systemLookUp(_ host: String) throws(HTTPTransportError) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            let reason = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
            throw HTTPTransportError(.connect, "\(host) cannot be resolved: \(reason)")
        }
        var found: [IPAddress] = []
        var entry = list
        while let info = entry?.pointee, found.count < maximumAddresses {
            if let address = address(info), !found.contains(address) { found.append(address) }
            entry = info.ai_next
        }
        return found
    }

    private static func address(_ info: addrinfo) -> IPAddress? {
        guard let pointer = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET where info.ai_addrlen >= socklen_t(MemoryLayout<sockaddr_in>.size):
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin_addr) { IPAddress(bytes: Array($0)) }
            }
        case AF_INET6 where info.ai_addrlen >= socklen_t(MemoryLayout<sockaddr_in6>.size):
            return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { socket in
                withUnsafeBytes(of: socket.pointee.sin6_addr) { IPAddress(bytes: Array($0)) }
            }
        default: return nil
        }
    }
}
