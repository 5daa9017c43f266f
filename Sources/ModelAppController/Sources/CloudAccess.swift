import Artifacts
public import CloudIdentity
import HTTPTransport
import ModelAppAPI

/// The way to identities of clouds: tokens and keys, kept for all ModelApps, and the identity of this process itself.
public struct CloudAccess: Sendable {
    /// Who may use the identity of this process.
    public enum Tenants: Sendable, Hashable {
        /// ModelApps of these namespaces; `*` stands for all.
        case namespaces(Set<String>)
        /// Whoever runs this process: it acts for one person or one pod.
        case everyone
    }

    let entra: EntraTokens
    let keys: AWSKeys
    let passwords: ECRPasswords
    /// The tenant of ServiceAccounts that name none.
    let tenant: String?
    /// The region of stores that name none.
    let region: String
    private let tenants: Tenants
    private let azure: Result<AzureIdentity, IdentityError>
    private let aws: Result<AWSIdentity, IdentityError>

    /// An access of its parts. Sends and reads nothing yet, but a certificate's file.
    /// - Parameters:
    ///   - channel: may contact the metadata service and the token servers. What a ModelApp says chooses between hosts of
    ///     the clouds themselves and never names one.
    ///   - environment: this process's variables, by the names that the clouds' own libraries know.
    ///   - read: reads a file.
    /// - Throws: `configuration` where `AZURE_AUTHORITY_HOST` is not an https URL.
    public init(
        channel: IdentityChannel,
        environment: [String: String],
        tenants: Tenants,
        reading read: @escaping @Sendable (String) throws -> [UInt8]
    ) throws(IdentityError) {
        entra = EntraTokens(channel: channel, authority: try AzureIdentity.authority(environment))
        keys = AWSKeys(channel: channel)
        passwords = ECRPasswords(channel: channel, keys: keys)
        tenant = environment["AZURE_TENANT_ID"]
        region = environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? "us-east-1"
        self.tenants = tenants
        do throws(IdentityError) {
            azure = .success(try AzureIdentity(environment: environment, name: "process", reading: read))
        } catch {
            azure = .failure(error)
        }
        do throws(IdentityError) {
            aws = .success(try AWSIdentity(environment: environment, name: "process", reading: read))
        } catch {
            aws = .failure(error)
        }
    }

    /// Whether ModelApps of `namespace` may use the identity of this process.
    func allows(_ namespace: String) -> Bool {
        switch tenants {
        case .everyone: true
        case .namespaces(let names): names.contains(namespace) || names.contains("*")
        }
    }

    /// The identity of this process at `provider`. Who asks has checked `allows`.
    func own(_ provider: CloudProvider) throws(IdentityError) -> SourceOpener {
        switch provider {
        case .azure: .azure(try azure.get())
        case .aws: .aws(try aws.get())
        }
    }
}

/// What opens a source.
enum SourceOpener: Sendable {
    /// Nothing.
    case anonymous
    /// The values of a Secret, with its certificate as bytes.
    case values([String: String], certificate: [UInt8]?, name: String)
    /// An identity of Entra ID.
    case azure(AzureIdentity)
    /// An identity of AWS.
    case aws(AWSIdentity)

    /// Tells openers apart; not secret.
    var identity: String {
        switch self {
        case .anonymous: "anonymous"
        case .values(_, _, let name): name
        case .azure(let identity): "azure \(identity.name)"
        case .aws(let identity): "aws \(identity.name)"
        }
    }
}

extension ScanFailure {
    /// The failure for an identity that gives no credential.
    /// - Parameter field: the field that names it.
    init(_ error: IdentityError, _ field: String) {
        let reasons: [(IdentityError.Code, String)] = [
            (.configuration, "InvalidIdentity"), (.refused, "IdentityRefused"), (.throttled, "RateLimited"),
            (.cancelled, "Cancelled"),
        ]
        self.init(
            reason: reasons.first { $0.0 == error.code }?.1 ?? "IdentityUnavailable",
            message: "\(field): \(error.message)",
            retryAfter: error.retryAfter,
            isCancelled: error.code == .cancelled
        )
    }
}
