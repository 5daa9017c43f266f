public import HTTPTypes

/// An absolute `http` or `https` URL, split once and carried as parts.
///
/// Guarantees: a host without user information, no control characters, a path that starts with `/`. Foundation's `URL`
/// is not used because its rules differ between versions and it accepts what a server would read differently.
public struct HTTPURL: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    public var scheme: String
    /// A name, an IPv4 address, or an IPv6 address without brackets; lower case.
    public var host: String
    /// The port, where it is not the scheme's own.
    public var port: Int?
    /// Percent-encoded, starting with `/`.
    public var path: String
    /// Percent-encoded, without the question mark.
    public var query: String?

    /// A URL of parts that are known to be well formed.
    public init(scheme: String, host: String, port: Int? = nil, path: String = "/", query: String? = nil) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.query = query
    }

    /// Parses an absolute URL; nil where it is not one, names another scheme or carries user information.
    public init?(_ text: String) {
        guard text.utf8.count <= 16_384, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
        else { return nil }
        guard let colon = text.range(of: "://") else { return nil }
        scheme = text[..<colon.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        var rest = text[colon.upperBound...]
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = HTTPURL.split(authority: String(rest[..<authorityEnd])) else { return nil }
        self.host = host
        self.port = port == (scheme == "https" ? 443 : 80) ? nil : port
        let target = rest[authorityEnd...]
        if let mark = target.firstIndex(of: "?") {
            path = String(target[..<mark])
            query = String(target[target.index(after: mark)...])
        } else {
            path = String(target)
            query = nil
        }
        if path.isEmpty { path = "/" }
    }

    /// Splits `host`, `host:port`, `[v6]` or `[v6]:port`; nil where it is none of them.
    public static func split(authority: String) -> (host: String, port: Int?)? {
        var host = Substring(authority)
        var port: Int?
        if host.hasPrefix("[") {
            guard let close = host.firstIndex(of: "]") else { return nil }
            let after = host[host.index(after: close)...]
            if !after.isEmpty {
                guard after.hasPrefix(":"), let number = HTTPURL.port(after.dropFirst()) else { return nil }
                port = number
            }
            host = host[host.index(after: host.startIndex)..<close]
            guard host.contains(":"), host.utf8.allSatisfy({ isHexDigit($0) || $0 == 0x3A || $0 == 0x2E }) else {
                return nil
            }
            return (host.lowercased(), port)
        }
        if let colon = host.firstIndex(of: ":") {
            guard let number = HTTPURL.port(host[host.index(after: colon)...]) else { return nil }
            port = number
            host = host[..<colon]
        }
        let isName = host.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
        }
        guard !host.isEmpty, host.utf8.count <= 253, isName else { return nil }
        return (host.lowercased(), port)
    }

    private static func port(_ digits: Substring) -> Int? {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits), number > 0 else {
            return nil
        }
        return Int(number)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    /// `host[:port]` with brackets around IPv6: the `Host` header and HTTP/2's `:authority`.
    public var authority: String {
        (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
    }

    /// Scheme, host and port: what credentials are bound to.
    public var origin: String { "\(scheme)://\(authority)" }

    /// Path and query, as they stand in the request line.
    public var target: String { path + (query.map { "?" + $0 } ?? "") }

    /// The whole URL.
    public var description: String { origin + target }

    /// The URL without its query, which may carry a signature.
    public var redacted: String { origin + path }

    /// The URL that `location` names, seen from this one (RFC 3986, 5.2): absolute, `//host/path`, `/path`, `?query` or
    /// relative; nil where it is malformed or of another scheme. A fragment is dropped.
    public func resolving(_ location: String) -> HTTPURL? {
        let location = location.prefix { $0 != "#" }
        // A colon in the first segment ends a scheme; further back it is text, in a query for instance.
        if location.first(where: { ":/?".contains($0) }) == ":" { return HTTPURL(String(location)) }
        if location.isEmpty { return self }
        var url: HTTPURL?
        if location.hasPrefix("//") {
            url = HTTPURL("\(scheme):\(location)")
        } else if location.hasPrefix("/") {
            url = HTTPURL("\(origin)\(location)")
        } else if location.hasPrefix("?") {
            return HTTPURL("\(origin)\(path)\(location)")
        } else {
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
            url = HTTPURL("\(origin)\(folder)\(location)")
        }
        if let path = url?.path { url?.path = HTTPURL.withoutDotSegments(path) }
        return url
    }

    /// RFC 3986, 5.2.4: `.` names the folder itself, `..` the one above, and nothing lies above the root.
    private static func withoutDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isDots = segment == "." || segment == ".."
            if segment == ".." { _ = kept.popLast() }
            if !isDots { kept.append(segment) } else if index == segments.count - 1 { kept.append("") }
        }
        return "/" + kept.joined(separator: "/")
    }

    /// A request to this URL.
    public func request(_ method: HTTPRequest.Method = .get, _ headers: HTTPFields = [:]) -> HTTPRequest {
        HTTPRequest(method: method, scheme: scheme, authority: authority, path: target, headerFields: headers)
    }

    /// `text` percent-encoded for one path segment or query value: all but RFC 3986's unreserved characters.
    /// - Parameter keepingSlashes: leaves `/` as it is, for a whole path.
    public static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            case 0x2F where keepingSlashes: output.append(byte)
            default: output += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The text that `encoded` stands for; nil where a percent sign lacks two hexadecimal digits.
    public static func decode(_ encoded: some StringProtocol) -> String? {
        var output: [UInt8] = []
        var bytes = Array(encoded.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == 0x25 else {
                output.append(byte)
                continue
            }
            guard let high = bytes.popFirst(), let low = bytes.popFirst(), isHexDigit(high), isHexDigit(low),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else { return nil }
            output.append(value)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Name and value pairs joined to a query, each percent-encoded, in the order given.
    public static func query(_ pairs: [(String, String)]) -> String {
        pairs.map { encode($0.0) + "=" + encode($0.1) }.joined(separator: "&")
    }
}

extension String {
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
