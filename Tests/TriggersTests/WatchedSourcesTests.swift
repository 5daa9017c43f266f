import JSON
import ModelAppAPI
import Testing

@testable import Triggers

/// Only what a ModelApp uses concerns it.
@Suite struct WatchedSourcesTests {
    private func concerned(_ notice: Notice, model: JSONValue) throws -> Halves {
        let spec: JSONValue = [
            "code": ["image": "reg.azurecr.io/team/api", "select": ["numerical": .object([:])]],
            "target": ["own": ["template": .object([:])]], "model": model,
        ]
        return WatchedSources(try ModelAppSpec(json: spec)).concerned(by: [notice])
    }

    private static let s3: JSONValue = ["s3": ["bucket": "models", "prefix": "resnet/"]]
    private static let azure: JSONValue = ["azureBlob": ["account": "models", "container": "c", "prefix": "resnet/"]]

    static let cases: [(Notice, JSONValue, Halves)] = [
        (.anything, s3, .both),
        (.image(registry: "reg.azurecr.io", repository: "team/api"), s3, .code),
        (.image(registry: nil, repository: "team/api"), s3, .code),
        (.image(registry: "other.azurecr.io", repository: "team/api"), s3, []),
        (.image(registry: "reg.azurecr.io", repository: "team/api2"), s3, []),
        (.image(registry: "reg.azurecr.io", repository: "team"), s3, []),
        (
            .image(registry: "reg.azurecr.io", repository: "models/a"),
            ["oci": ["repository": "reg.azurecr.io/models/a"]], .model
        ),
        (.s3Object(bucket: "models", key: "resnet/1/a"), s3, .model),
        (.s3Object(bucket: "models", key: "resnet2/1/a"), s3, []),
        (.s3Object(bucket: "models2", key: "resnet/1/a"), s3, []),
        (.s3Object(bucket: "models", key: "resnet/1/a"), azure, []),
        (.azureBlob(account: "models", container: "c", name: "resnet/1/a"), azure, .model),
        (.azureBlob(account: "models", container: "c", name: "other/1/a"), azure, []),
        (.azureBlob(account: "models", container: "d", name: "resnet/1/a"), azure, []),
        (.azureBlob(account: "other", container: "c", name: "resnet/1/a"), azure, []),
        (.azureBlob(account: "models", container: "c", name: "resnet/1/a"), s3, []),
    ]

    @Test(arguments: cases.indices)
    func aNoticeConcernsWhoUsesWhatItIsAbout(index: Int) throws {
        let (notice, model, halves) = Self.cases[index]
        #expect(try concerned(notice, model: model) == halves)
    }
}
