import JSON
import KubernetesAPI

extension Release {
    /// The frozen template with the label of the slot in which it runs, and with the number of the try, where there is one,
    /// by which each try has pods of its own. For the first slot and without a number it is the frozen one.
    func template(in slot: String, attempt: String?) -> JSONValue {
        let metadata = template["metadata"] ?? .object([:])
        let labels = metadata["labels"] ?? .object([:])
        // A template that was made for an adopted Deployment has no slot.
        guard adopted == nil, attempt != nil || labels[Keys.slot]?.string != slot else { return template }
        var (template, changed, changedLabels) = (template, metadata, labels)
        changedLabels[Keys.slot] = .string(slot)
        changed["labels"] = changedLabels
        if let attempt {
            var annotations = metadata["annotations"] ?? .object([:])
            annotations[Keys.attempt] = .string(attempt)
            changed["annotations"] = annotations
        }
        template["metadata"] = changed
        return template
    }
}
