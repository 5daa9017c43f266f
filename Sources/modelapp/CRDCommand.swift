import ArgumentParser
import KubernetesClient
import ModelAppAPI

/// Prints the CustomResourceDefinition.
struct CRDCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crd",
        abstract: "Prints the CustomResourceDefinition of ModelApp, made from the Swift types.",
        discussion: "kubectl apply --server-side -f <(modelapp crd)"
    )

    func run() throws {
        print(YAML.text(of: ModelAppDefinition.document), terminator: "")
    }
}
