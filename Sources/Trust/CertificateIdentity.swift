import Artifacts

/// Who may have signed, as a certificate names them.
///
/// `x509.subject: C=DE, O=Example, CN=ci` wants these attributes of the subject, and lets others be
/// (notaryproject/specifications, trust-store-trust-policy: trusted identities). Any other text is an e-mail address, a
/// DNS name or a URI of the subject's alternative names, whole. `*` is everybody whom the trusted roots certify.
public struct CertificateIdentity: Sendable, Hashable, CustomStringConvertible {
    private enum Wanted: Sendable, Hashable {
        case anybody
        case alternativeName(String)
        case subject([String: String])
    }

    /// The identity as it was written.
    public let description: String
    private let wanted: Wanted

    private static let subjectPrefix = "x509.subject:"

    /// Reads an identity. Throws `malformed`.
    public init(_ text: String) throws(TrustError) {
        description = text
        if text == "*" {
            wanted = .anybody
        } else if text.hasPrefix(Self.subjectPrefix) {
            wanted = .subject(try Self.attributes(text.dropFirst(Self.subjectPrefix.count), of: text))
        } else {
            guard !text.isEmpty, !text.contains(where: \.isWhitespace) else {
                throw TrustError(
                    .malformed,
                    "\"\(text.clipped)\" is neither x509.subject: with attributes nor an alternative name"
                )
            }
            wanted = .alternativeName(text)
        }
    }

    /// Whether the certificate is of this identity. Attributes that it has twice match nothing.
    public func matches(_ certificate: Certificate) -> Bool {
        switch wanted {
        case .anybody: return true
        case .alternativeName(let name): return certificate.alternativeNames.contains(name)
        case .subject(let attributes):
            let found = certificate.subjectAttributes
            return attributes.allSatisfy { name, value in
                let values = found.filter { $0.name == name }.map(\.value)
                return values == [value]
            }
        }
    }

    /// The attributes of a distinguished name (RFC 4514, without several attributes in one part).
    private static func attributes(_ text: Substring, of whole: String) throws(TrustError) -> [String: String] {
        var attributes: [String: String] = [:]
        for part in parts(text) {
            guard let equals = part.firstIndex(of: "="), equals > part.startIndex else {
                throw TrustError(.malformed, "\"\(whole.clipped)\" has a part without NAME=VALUE")
            }
            let name = trimmed(part[..<equals]).uppercased()
            let value = trimmed(part[part.index(after: equals)...])
            guard !value.isEmpty, !name.contains("+"), attributes[name] == nil else {
                throw TrustError(.malformed, "\"\(whole.clipped)\" names \(name.clipped) without a value, or twice")
            }
            attributes[name == "EMAIL" ? "EMAILADDRESS" : name == "S" ? "ST" : name] = value
        }
        guard !attributes.isEmpty else { throw TrustError(.malformed, "\"\(whole.clipped)\" names no attribute") }
        return attributes
    }

    /// The parts between commas; a backslash takes the character after it as it is.
    private static func parts(_ text: Substring) -> [String] {
        var parts: [String] = []
        var part = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                part.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," {
                parts.append(trimmed(part[...]))
                part = ""
            } else {
                part.append(character)
            }
        }
        return parts + [trimmed(part[...])]
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
