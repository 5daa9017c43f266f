import Artifacts
import JSON

/// What Entra ID and the metadata service answer.
struct EntraAnswer: Sendable {
    let token: SecretText
    let life: Duration

    /// A longer life than any documented one is not believed.
    static let maximumLife = Duration.seconds(86_400)

    /// Reads a token; nil where there is none that can stand in a header, or it has no life left. The metadata service
    /// writes numbers as text.
    init?(_ body: [UInt8]) {
        guard let document = try? JSONValue(parsing: body), let text = document["access_token"]?.string else {
            return nil
        }
        token = SecretText(text)
        let seconds = document["expires_in"].flatMap { $0.integer ?? $0.string.flatMap(Int64.init) }
        guard token.isHeaderSafe, let seconds, seconds > 0 else { return nil }
        life = min(.seconds(seconds), Self.maximumLife)
    }
}

/// An error of Entra ID: of the answer only the number counts, because its text repeats what was sent.
struct EntraFailure: Sendable, Hashable {
    /// The number behind `AADSTS`, as documented in "Microsoft Entra authentication and authorization error codes".
    var number: Int64?
    /// The word of OAuth 2: `invalid_client`.
    var word: String?

    init(_ body: [UInt8]) {
        guard let document = try? JSONValue(parsing: body) else { return }
        number = document["error_codes"]?[0]?.integer
        if let text = document["error"]?.string, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x5F })
        {
            word = text
        }
    }

    /// What it says and what to do.
    var explanation: String {
        let name = number.map { "AADSTS\($0)" } ?? word ?? "no reason given"
        guard let advice = number.flatMap({ Self.advice[$0] }) else { return "it refuses the identity: \(name)" }
        return "\(advice) (\(name))"
    }

    private static let advice: [Int64: String] = [
        7_000_215: "the client secret is wrong; give its value, not its id",
        7_000_222: "the client secret has expired; make a new one",
        700_016: "the tenant has no application with this client id",
        700_027: "the certificate is not registered at the application, or its signature is refused",
        700_024: "the token or assertion is outside its validity; check the clocks",
        70_021: "no federated credential of the application has the issuer and subject of the ServiceAccount",
        700_211: "no federated credential of the application has the issuer of this cluster",
        700_213: "no federated credential of the application has the subject "
            + "system:serviceaccount:NAMESPACE:NAME of the ServiceAccount",
        700_212: "no federated credential of the application has the audience api://AzureADTokenExchange",
        90_002: "there is no such tenant; is it one of another cloud?",
        500_011: "the tenant does not know the service that the token is for",
        53_003: "a conditional access policy forbids it",
        7_000_112: "the application is disabled",
    ]
}
