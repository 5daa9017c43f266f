import Artifacts
import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning

/// What all histories start from, parsed once.
public struct HistorySetting: Sendable {
    /// A ModelApp without windows, which keeps three releases.
    let app: ModelApp
    /// What an edit makes of the pod template.
    let templates: [JSONValue]
    /// A window every night from 02:00 to 05:00 UTC.
    let windows: [Window]
    /// Midnight of the first day.
    static let start = Timestamp(seconds: 1_767_225_600)
    private let codes: [CodeVersion]
    private let models: [ResolvedModel]

    /// Throws where the document below is no ModelApp.
    public init() throws {
        func template(_ edit: Int) -> JSONValue {
            [
                "metadata": ["labels": [Self.editLabel: .string(String(edit))]],
                "spec": ["containers": [["name": "api", "ports": [["containerPort": 80]]]]],
            ]
        }
        var app = try ModelApp(json: [
            "spec": [
                "code": ["image": "registry.example/api", "select": ["numerical": [:]]],
                "model": [
                    "s3": ["bucket": "models", "region": "eu-west-1"],
                    "versions": ["select": ["numerical": [:]]],
                ],
                "delivery": ["mode": "Reference"], "target": ["own": ["template": template(0)]],
                "rollout": ["historyLimit": 3],
            ]
        ])
        app.metadata = ObjectMeta(ObjectKey(namespace: "prod", name: "classifier"))
        app.metadata.uid = "app-uid"
        app.metadata.resourceVersion = "1"
        app.metadata.generation = 1
        self.app = app
        templates = (0..<3).map(template)
        var window = Window()
        (window.name, window.cron, window.duration) = ("nightly", "0 2 * * *", Period(.seconds(3 * 3600)))
        windows = [window]
        codes = (0..<32).map { number in
            var code = CodeVersion()
            (code.tag, code.digest) = (String(number), Self.digest(number))
            return code
        }
        models = (0..<32).map { number in
            var model = ModelVersion()
            (model.version, model.digest, model.identity) = ("\(number)/", Self.digest(1000 + number), "Manifest")
            let uri = "s3://models/\(number)/"
            // One in five was uploaded where the next one overwrites it.
            return ResolvedModel(version: model, uri: uri, isRestorable: number % 5 != 0)
        }
    }

    /// The label that tells by which edit a template was made.
    static let editLabel = "edit"

    func code(_ number: Int) -> CodeVersion { codes[number % codes.count] }
    func model(_ number: Int) -> ResolvedModel { models[number % models.count] }

    private static func digest(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return "sha256:" + String(repeating: "0", count: 64 - text.count) + text
    }
}
