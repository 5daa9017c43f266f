import ModelAppAPI
import Selection

/// Whether an image takes a version of the model, by what the image says of itself in its labels. Fails closed: an image
/// without the label takes none.
struct CompatibilityFilter {
    let rules: [CompatibilityRule]
    /// The labels of images, by digest.
    let labels: [String: [String: String]]

    /// What speaks against a pair; empty where nothing does.
    func holds(on pair: Pair) -> [ReleaseHold] { rules.compactMap { problem(of: pair, by: $0) }.map(hold) }

    private func hold(_ message: String) -> ReleaseHold {
        ReleaseHold(gate: "Compatibility", message: message, until: nil)
    }

    private func problem(of pair: Pair, by rule: CompatibilityRule) -> String? {
        let subject = "spec.compatibility[\(rule.name)]: image \(pair.code.tag)"
        guard let labels = labels[pair.code.digest] else { return "\(subject): its labels could not be read" }
        guard let text = labels[rule.codeLabel] else {
            return "\(subject) has no label \(rule.codeLabel); build it with one that holds a range, such as \">=1 <2\""
        }
        let range: VersionRange
        do throws(SelectionError) {
            range = try VersionRange(text)
        } catch {
            return "\(subject): its label \(rule.codeLabel) is no range: \(error)"
        }
        let name = pair.model.version.version
        guard let version = SemanticVersion(name.hasSuffix("/") ? String(name.dropLast()) : name) else {
            return "\(subject) takes models \"\(text)\", and \"\(name)\" is no semantic version"
        }
        guard !range.contains(version) else { return nil }
        return "\(subject) takes models \"\(text)\", and the model is \(name)"
    }
}
