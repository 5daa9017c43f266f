import ModelAppAPI

/// The object of a version that says what its files are, each with its sha256.
public enum ModelProof: Sendable, Hashable {
    /// A list of files, by this name.
    case manifest(String)
    /// A signed list of files (OpenSSF Model Signing), by this name.
    case signature(String)

    /// What a ModelApp asks for; nil where it asks for nothing.
    init?(_ verification: Verification?) {
        if let signature = verification?.model?.signature {
            self = .signature(signature.bundle)
        } else if let manifest = verification?.model?.manifest {
            self = .manifest(manifest)
        } else {
            return nil
        }
    }

    /// What a ModelApp would ask for to have this proof.
    var verification: Verification {
        var model = ModelVerification()
        switch self {
        case .manifest(let name): model.manifest = name
        case .signature(let name):
            model.signature = ModelSignature()
            model.signature?.bundle = name
        }
        var verification = Verification()
        verification.model = model
        return verification
    }
}
