import ModelAppAPI

/// A code and a model that could be released together.
struct Pair: Hashable {
    var code: CodeVersion
    var model: ResolvedModel

    /// The identity of the release that it would be with a pod template.
    func id(templateHash: String) -> String {
        Release.id(codeDigest: code.digest, modelDigest: model.version.digest, templateHash: templateHash)
    }

    /// Whether both are made of the same bits; tags and names do not count.
    func hasSameBits(as other: Pair) -> Bool {
        code.digest == other.code.digest && model.version.digest == other.model.version.digest
    }

    /// For people.
    var text: String { "code \(code.tag) + model \(model.version.version)" }
}
