import DevCluster
import HTTPTransport
import HTTPTypes
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import Testing

/// Something wrong from outside, what must be said of it, and how it passes.
struct BadInput: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The condition that says so.
    let type: String
    let reason: String
    /// What its message must hold: the full path of the field, and what to act on.
    let parts: [String]
    let happens: @Sendable (Cluster) async throws -> Void
    let passes: @Sendable (Cluster) async throws -> Void

    /// A spec that is edited and edited back.
    static func spec(
        _ name: String,
        _ reason: String,
        _ parts: [String],
        _ edit: JSONValue,
        back: JSONValue
    ) -> BadInput {
        BadInput(testDescription: name, type: "Ready", reason: reason, parts: parts) { cluster in
            try await cluster.edit(spec: edit)
        } passes: { cluster in
            try await cluster.edit(spec: back)
        }
    }

    /// A registry in whose place something else answers for a while.
    static func registry(
        _ name: String,
        _ reason: String,
        _ parts: [String],
        _ impostor: Impostor,
        isThere: Bool = true
    ) -> BadInput {
        let parts = ["spec.code.image: ", Cluster.registryHost] + parts
        return BadInput(testDescription: name, type: "CodeResolved", reason: reason, parts: parts) { cluster in
            cluster.network.disconnect(Cluster.registryHost)
            if isThere { cluster.network.connect(Cluster.registryHost, to: impostor) }
        } passes: { cluster in
            cluster.network.connect(Cluster.registryHost, to: cluster.registry)
        }
    }

    /// The same for a store.
    static func store(
        _ name: String,
        _ reason: String,
        _ parts: [String],
        field: String = "spec.model.s3.endpoint: ",
        _ impostor: Impostor,
        isThere: Bool = true
    ) -> BadInput {
        let parts = [field, Cluster.storeHost] + parts
        return BadInput(testDescription: name, type: "ModelResolved", reason: reason, parts: parts) { cluster in
            cluster.network.disconnect(Cluster.storeHost)
            if isThere { cluster.network.connect(Cluster.storeHost, to: impostor) }
        } passes: { cluster in
            cluster.network.connect(Cluster.storeHost, to: cluster.store)
        }
    }

    static let ofSpecs: [BadInput] = [
        .spec(
            "unknown container",
            "ContainerNotFound",
            ["spec.target.container: ", "\"nope\"", "there are api"],
            ["target": ["container": "nope"]],
            back: ["target": ["container": .null]]
        ),
        .spec(
            "bad pattern",
            "InvalidSpec",
            ["spec.code.filter.match: ", "at byte"],
            ["code": ["filter": ["match": "(a"]]],
            back: ["code": ["filter": .null]]
        ),
        .spec(
            "a pattern that looks ahead",
            "InvalidSpec",
            ["spec.code.filter.match: "],
            ["code": ["filter": ["match": "1(?=a)"]]],
            back: ["code": ["filter": .null]]
        ),
        .spec(
            "a template that names no group",
            "InvalidSpec",
            ["spec.code.filter.extract: "],
            ["code": ["filter": ["match": "^(?<v>.*)$", "extract": "$nope"]]],
            back: ["code": ["filter": .null]]
        ),
        .spec(
            "bad exclude",
            "InvalidSpec",
            ["spec.code.exclude[1]: "],
            ["code": ["exclude": ["a", "["]]],
            back: ["code": ["exclude": .null]]
        ),
        .spec(
            "bad range",
            "InvalidSpec",
            ["spec.model.versions.select.semver.range: "],
            ["model": ["versions": ["select": ["semver": ["range": ">=1.b"]]]]],
            back: ["model": ["versions": ["select": ["semver": ["range": .null]]]]]
        ),
        .spec(
            "bad glob",
            "InvalidSpec",
            ["spec.model.excludeFiles[0]: "],
            ["model": ["excludeFiles": ["[a"]]],
            back: ["model": ["excludeFiles": .null]]
        ),
        .spec(
            "pin of what has no versions",
            "InvalidSpec",
            ["spec.rollout.pin.model: ", "spec.suspend"],
            [
                "model": ["versions": .null, "objects": ["resnet/weights.bin"]],
                "rollout": ["pin": ["model": "1"]],
            ],
            back: [
                "model": [
                    "objects": .null,
                    "versions": [
                        "filter": ["match": "^(?<v>[0-9.]+)/$", "extract": "$v"], "select": ["semver": .object([:])],
                    ],
                ], "rollout": ["pin": .null],
            ]
        ),
        .spec(
            "plain HTTP to an https endpoint",
            "InvalidSpec",
            ["spec.model.tls.plainHTTP: ", "spec.model.s3.endpoint", "http://"],
            ["model": ["tls": ["plainHTTP": true]]],
            back: ["model": ["tls": .null]]
        ),
    ]

    static let ofSecrets: [BadInput] = [
        BadInput(
            testDescription: "missing Secret",
            type: "ModelResolved",
            reason: "SecretNotFound",
            parts: ["spec.model.auth.secretRef: ", "no Secret later in namespace default"]
        ) { cluster in
            try await cluster.edit(spec: ["model": ["auth": ["secretRef": ["name": "later"]]]])
        } passes: { cluster in
            try await cluster.createSecret("later")
        },
        BadInput(
            testDescription: "wrong key",
            type: "ModelResolved",
            reason: "Unauthorized",
            parts: ["spec.model.auth.secretRef: ", "s3://models", "correct the Secret"]
        ) { cluster in
            try await cluster.createSecret("keys", key: Plants.storeKey)
            try await cluster.edit(spec: ["model": ["auth": ["secretRef": ["name": "keys"]]]])
        } passes: { cluster in
            try await cluster.createSecret("keys")
        },
        BadInput(
            testDescription: "a Secret without keys",
            type: "ModelResolved",
            reason: "InvalidSecret",
            parts: ["spec.model.auth.secretRef: ", "AWS_ACCESS_KEY_ID"]
        ) { cluster in
            try await cluster.createSecret("keys", ["password": Plants.password])
            try await cluster.edit(spec: ["model": ["auth": ["secretRef": ["name": "keys"]]]])
        } passes: { cluster in
            try await cluster.edit(spec: ["model": ["auth": .null]])
        },
        BadInput(
            testDescription: "a pull secret that is none",
            type: "CodeResolved",
            reason: "InvalidSecret",
            parts: ["spec.code.auth.secretRef: ", ".dockerconfigjson"]
        ) { cluster in
            try await cluster.createSecret("pull", ["password": Plants.password])
            try await cluster.edit(spec: ["code": ["auth": ["secretRef": ["name": "pull"]]]])
        } passes: { cluster in
            try await cluster.edit(spec: ["code": ["auth": .null]])
        },
        BadInput(
            testDescription: "unknown authority of a registry",
            type: "CodeResolved",
            reason: "Untrusted",
            parts: ["spec.code.tls: ", Cluster.registryHost, "ca.crt"]
        ) { cluster in
            cluster.network.distrust(Cluster.registryHost)
        } passes: { cluster in
            cluster.network.distrust(Cluster.registryHost, false)
        },
        BadInput(
            testDescription: "unknown authority of a store",
            type: "ModelResolved",
            reason: "Untrusted",
            parts: ["spec.model.tls: ", Cluster.storeHost, "ca.crt"]
        ) { cluster in
            cluster.network.distrust(Cluster.storeHost)
        } passes: { cluster in
            cluster.network.distrust(Cluster.storeHost, false)
        },
    ]

    static let ofRegistries: [BadInput] = [
        .registry("unknown host of a registry", "RegistryUnavailable", [], .portal, isThere: false),
        .registry("a registry that answers HTML", "MalformedAnswer", ["proxy"], .portal),
        .registry("an empty repository", "NoCandidate", ["has no tags"], .init("application/json", #"{"tags":null}"#)),
        .registry("tags without an end", "TooManyTags", ["more than 100000 tags"], .endlessTags),
        .registry(
            "pages that lead in a circle",
            "MalformedAnswer",
            [],
            .init(
                "application/json",
                #"{"name":"api","tags":["1"]}"#,
                headers: HTTPField.Name("Link").map { [$0: "</v2/api/tags/list?n=1000>; rel=\"next\""] } ?? [:]
            )
        ),
        .registry("cut JSON", "MalformedAnswer", [], .init("application/json", #"{"name":"api","tags":["1","#)),
        .registry(
            "no such repository",
            "NotFound",
            ["check the name"],
            .init("application/json", "{}", status: .notFound)
        ),
        .registry(
            "a registry that fails",
            "RegistryUnavailable",
            ["500"],
            .init("a/b", "", status: .internalServerError)
        ),
        .registry(
            "a registry that redirects elsewhere",
            "RegistryUnavailable",
            [],
            .init("a/b", "", status: .found, headers: [.location: "https://thief.test/v2/"])
        ),
        .registry(
            "a registry that asks to slow down",
            "RateLimited",
            [],
            .init("a/b", "", status: .tooManyRequests, headers: [.retryAfter: "1"])
        ),
    ]

    static let ofStores: [BadInput] = [
        .store("unknown host of a store", "StoreUnavailable", [], .portal, isThere: false),
        .store("a store that answers HTML", "MalformedAnswer", [], .portal),
        .store(
            "no such bucket",
            "StoreNotFound",
            ["correct `bucket`"],
            field: "spec.model.s3.bucket: ",
            .init("application/xml", "<Error><Code>NoSuchBucket</Code></Error>", status: .notFound)
        ),
        .store(
            "50 MB of listing in one page",
            "TooLarge",
            [],
            field: "spec.model.s3.bucket: ",
            .stream(
                "application/xml",
                head: #"<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#,
                chunk: String(repeating: Impostor.contents("resnet/1.0.0/a"), count: 400),
                count: 900
            )
        ),
        .store(
            "a listing whose pages lead in a circle",
            "MalformedAnswer",
            ["does not advance"],
            .listing("<IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken>")
        ),
        .store(
            "a size below zero",
            "MalformedAnswer",
            [],
            .listing("<IsTruncated>false</IsTruncated>" + Impostor.contents("resnet/1.0.0/a", size: "-1"))
        ),
        .store(
            "a time that is none",
            "MalformedAnswer",
            [],
            .listing(Impostor.contents("resnet/1.0.0/a", modified: "yesterday"))
        ),
        .store("keys outside of the prefix", "MalformedAnswer", [], .listing(Impostor.contents("../secret/1.0.0/a"))),
        .store(
            "a listing that is cut",
            "MalformedAnswer",
            [],
            .init("application/xml", "<ListBucketResult><Contents><Key>resnet/")
        ),
        .store(
            "entities that grow",
            "MalformedAnswer",
            [],
            .init(
                "application/xml",
                #"<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><ListBucketResult>&c;</ListBucketResult>"#
            )
        ),
        .store(
            "a store that redirects elsewhere",
            "EndpointRefused",
            ["redirects are not followed"],
            .init("a/b", "", status: .found, headers: [.location: "https://thief.test/"])
        ),
        .store("a store that fails", "StoreUnavailable", ["500"], .init("a/b", "", status: .internalServerError)),
        .store(
            "a store that asks for fewer requests",
            "RateLimited",
            [],
            .init("a/b", "", status: .serviceUnavailable)
        ),
        BadInput(
            testDescription: "an empty store",
            type: "ModelResolved",
            reason: "NoCandidate",
            parts: ["spec.model: ", "none of 0 versions at s3://models/resnet/"]
        ) { cluster in
            cluster.network.connect(Cluster.storeHost, to: Impostor.listing(""))
        } passes: { cluster in
            cluster.network.connect(Cluster.storeHost, to: cluster.store)
        },
    ]
}
