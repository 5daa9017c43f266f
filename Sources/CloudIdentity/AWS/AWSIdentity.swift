import Artifacts
public import HTTPTransport

/// Who asks AWS for keys, and by what it proves that.
public struct AWSIdentity: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    enum Kind: Sendable {
        case fixed(AWSAccessKey)
        case webIdentity(role: String, session: String, TokenSupplier)
        case container(HTTPURL, TokenSupplier?)
        case instance
    }

    let kind: Kind
    /// Tells identities apart: keys are shared between askers with equal names, so a name must stand for one proof. Not
    /// secret.
    public let name: String

    /// A key that does not change.
    public static func fixed(_ key: AWSAccessKey, name: String) -> AWSIdentity {
        AWSIdentity(kind: .fixed(key), name: name)
    }

    /// A role that trusts the tokens of a Kubernetes ServiceAccount (IAM roles for service accounts). Their audience is
    /// `webIdentityAudience`.
    /// - Parameters:
    ///   - role: `arn:aws:iam::123456789012:role/NAME`.
    ///   - session: what AWS's audit log shows; letters, digits and `=,.@-` count, the rest becomes `-`.
    /// - Throws: `configuration` where `role` is no role's ARN.
    public static func webIdentity(
        role: String,
        session: String,
        token: TokenSupplier,
        name: String
    ) throws(IdentityError) -> AWSIdentity {
        let parts = role.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard (20...2048).contains(role.utf8.count), role.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), parts.count == 6,
            parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "iam", parts[3].isEmpty,
            parts[4].utf8.count == 12, parts[5].hasPrefix("role/")
        else {
            throw IdentityError(
                .configuration,
                "\"\(role.clipped)\" is not the ARN of a role such as arn:aws:iam::123456789012:role/models"
            )
        }
        let allowed = Set("=,.@-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let safe = session.utf8.prefix(64).map { allowed.contains($0) ? $0 : UInt8(ascii: "-") }
        let text = safe.count < 2 ? "modelapp" : String(decoding: safe, as: UTF8.self)
        return AWSIdentity(kind: .webIdentity(role: role, session: text, token), name: name)
    }

    /// A service beside the container that gives out keys: the EKS Pod Identity agent, ECS.
    ///
    /// - Parameters:
    ///   - url: `AWS_CONTAINER_CREDENTIALS_FULL_URI`. Over `http` only the addresses that AWS's SDKs allow.
    ///   - token: what it is shown in `Authorization`, if anything.
    /// - Throws: `configuration` where `url` may not be asked.
    public static func container(
        _ url: HTTPURL,
        token: TokenSupplier?,
        name: String
    ) throws(IdentityError) -> AWSIdentity {
        // AWS SDKs and Tools Reference Guide, "Container credential provider".
        let plain = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "127.0.0.1", "::1"]
        guard url.scheme == "https" || plain.contains(url.host) else {
            throw IdentityError(
                .configuration,
                "keys are not fetched from \(url.origin.clipped): http is for the agents' own addresses only"
            )
        }
        return AWSIdentity(kind: .container(url, token), name: name)
    }

    /// The role of the EC2 instance this process runs on.
    public static func instance(name: String) -> AWSIdentity { AWSIdentity(kind: .instance, name: name) }

    /// The audience of tokens that a role is shown.
    public static let webIdentityAudience = "sts.amazonaws.com"

    /// The name; never the proof.
    public var description: String { name }
    /// The name; never the proof.
    public var debugDescription: String { name }
    /// Nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Names of AWS regions.
public enum AWSRegion {
    /// Whether `text` may stand in a host name as a region.
    public static func isWellFormed(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && !text.hasPrefix("-") && !text.hasSuffix("-")
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    /// The domain of the partition that a region lies in.
    static func domain(_ region: String) -> String {
        if region.hasPrefix("cn-") { return "amazonaws.com.cn" }
        if region.hasPrefix("us-iso-") { return "c2s.ic.gov" }
        if region.hasPrefix("us-isob-") { return "sc2s.sgov.gov" }
        return "amazonaws.com"
    }
}
