import JSON
import KubernetesClient

/// The spec of the design's "Everything" (docs/api.md), with a credential where it writes `auth: {}`.
enum Everything {
    static let yaml = #"""
        apiVersion: modelapp.dev/v1alpha1
        kind: ModelApp
        metadata: {name: image-classifier, namespace: prod, labels: {team: vision}}
        spec:
          suspend: false
          interval: 5m
          deletionPolicy: Delete
          code:
            image: acrforblog.azurecr.io/model-api
            select: {semver: {range: ">=1.0 <3"}}
            filter: {match: '^v(?<v>.+)$', extract: '$v'}
            exclude: ['\.(sig|att|sbom)$', '^sha256-']
            platforms: [linux/amd64]
            onMissing: Keep
            auth: {secretRef: {name: acr-pull}}
            tls: {caSecretRef: {name: corp-ca}, plainHTTP: false, skipVerify: false}
          model:
            azureBlob: {account: devops, container: models, prefix: resnet/, endpoint: ""}
            versions: {filter: {match: '^(?<v>\d+)/$', extract: '$v'}, select: {numerical: {}}}
            complete: {marker: _SUCCESS}
            includeFiles: ["**"]
            excludeFiles: ["*.tmp"]
            onMissing: Keep
            auth: {secretRef: {name: blob-key}}
            tls: {}
          verification:
            code: {cosign: {keyRef: {name: cosign-pub}}}
            model: {manifest: MANIFEST.json}
          compatibility:
            - {name: schema, codeLabel: dev.modelapp.model-range, modelField: version}
          delivery:
            mode: InitContainer
            mountPath: /models
            env: {path: MODEL_PATH, version: MODEL_VERSION, revision: MODEL_REVISION}
            fetch: {image: "", resources: {}, sizeLimit: 20Gi}
            baked:
              repository: acr/app-baked
              auth: {secretRef: {name: push}}
              tls: {caSecretRef: {name: corp-ca}}
              sign: {keyRef: {name: k}}
            prefetch: BeforeWindow
            reload: {http: {port: 88, path: /-/reload}}
          target:
            container: model-api
            adopt: {name: imageclassificationapp, onConflict: TakeOnce}
            service:
              type: LoadBalancer
              ports: [{name: http, port: 80, targetPort: 88}]
              annotations: {}
              dns: {azureLabel: imgclass}
          rollout:
            initial: Immediately
            windows: [{name: nightly, cron: "0 2 * * *", duration: 3h, timeZone: Europe/Berlin}]
            blackouts: [{name: xmas, from: "2026-12-20", to: "2027-01-03"}]
            minAge: 30m
            approval: {for: [Model], deadline: 24h}
            after: [{name: staging, modelApp: {namespace: staging, name: image-classifier}, for: 2h}]
            strategy: {type: Canary, steps: [10, 50], pause: 10m, scaleDownDelay: 5m}
            verify:
              - {name: version, http: {port: 88, path: /version, expect: {status: 200}}}
              - name: golden
                http:
                  port: 88
                  method: POST
                  path: /score
                  bodyFrom: {configMapKeyRef: {name: golden, key: airliner.json}}
                  expect: {jsonPath: '$.result[0][0][0][0]', equals: "n02690373 airliner"}
              - {name: smoke, job: {cronJobRef: {name: smoke-tests}}}
              - name: same
                predictions:
                  port: 88
                  path: /score
                  inputsFrom: {configMapKeyRef: {name: golden, key: inputs}}
                  jsonPath: '$.score'
                  tolerance: 0.01
                  agreement: 0.95
                  maxDrift: 0.02
              - {name: errors, prometheus: {query: 'error_rate{app="$app",release="$release"}', max: 0.01, for: 10m}}
            progressDeadline: 15m
            onFailure: Rollback
            attempts: 1
            pin: {model: "41"}
            skip: {code: ["1.9.0"]}
            historyLimit: 10
          allowAfterFrom: [prod]
          triggers: {webhook: {secretRef: {name: hook}}}
        """#

    /// The alternatives that "Everything" has in comments, as replacements of the whole member.
    static let alternatives: [(path: [String], yaml: String)] = [
        (["spec", "code", "select"], "{numerical: {}}"), (["spec", "code", "select"], "{alphabetical: {}}"),
        (["spec", "code", "select"], "{newest: {}}"), (["spec", "code", "select"], "{tag: {name: stable}}"),
        (["spec", "code", "auth"], "{identity: {provider: azure, serviceAccountName: app}}"),
        (["spec", "code", "auth"], "{identity: {provider: aws}}"),
        (
            ["spec", "model"],
            #"{s3: {bucket: models, prefix: "", region: eu-west-1, endpoint: ""}, pointer: {key: LATEST}}"#
        ),
        (["spec", "model"], #"{oci: {repository: acr/models/resnet}}"#),
        (["spec", "model"], "{mlflow: {url: 'https://mlflow', model: resnet, alias: champion}}"),
        (["spec", "model"], "{s3: {bucket: models}, objects: [a.onnx, labels.txt], complete: {settle: 2m}}"),
        (["spec", "model"], "{s3: {bucket: models}, objects: [a], complete: {manifest: MANIFEST.json}}"),
        (
            ["spec", "verification", "code"],
            "{notation: {trustStoreRef: {name: t}, trustedIdentities: ['x509.subject: CN=ci']}}"
        ),
        (["spec", "verification", "model"], "{signature: {keyRef: {name: k}}}"),
        (["spec", "verification", "model"], "{signature: {trustStoreRef: {name: k}}}"),
        (["spec", "delivery", "mode"], "Baked"), (["spec", "delivery", "mode"], "ImageVolume"),
        (["spec", "delivery", "mode"], "Reference"),
        (
            ["spec", "target"],
            #"{own: {replicas: 3, minReadySeconds: 5, maxSurge: 1, maxUnavailable: "25%", template: {}}}"#
        ),
        (["spec", "target", "service", "dns"], "{hostname: app.example.org}"),
        (["spec", "rollout", "initial"], "Wait"), (["spec", "rollout", "onFailure"], "Pause"),
        (["spec", "rollout", "strategy"], "{type: BlueGreen}"), (["spec", "rollout", "strategy"], "{type: Recreate}"),
    ]

    static func document() throws -> JSONValue { try YAML.document(Array(yaml.utf8)) }

    /// The whole document with the member at `path` replaced.
    static func document(_ path: [String], _ yaml: String) throws -> JSONValue {
        var document = try document()
        document.replace(path[...], with: try YAML.document(Array(yaml.utf8)))
        return document
    }
}

extension JSONValue {
    /// Sets the member at `path`, in arrays by index; nil removes it.
    mutating func replace(_ path: ArraySlice<String>, with value: JSONValue?) {
        guard let first = path.first else { return }
        if case .array(var elements) = self, let index = Int(first), elements.indices.contains(index) {
            if path.count == 1 {
                if let value { elements[index] = value } else { elements.remove(at: index) }
            } else {
                elements[index].replace(path.dropFirst(), with: value)
            }
            self = .array(elements)
        } else if path.count == 1 {
            self[first] = value
        } else {
            var child = self[first] ?? [:]
            child.replace(path.dropFirst(), with: value)
            self[first] = child
        }
    }

    /// Whether every member of `other` is here too; empty texts and objects may be missing.
    func contains(_ other: JSONValue) -> Bool {
        switch (self, other) {
        case (.object(let mine), .object(let theirs)):
            theirs.allSatisfy { name, value in mine[name].map { $0.contains(value) } ?? (value == [:]) }
        case (.array(let mine), .array(let theirs)):
            mine.count == theirs.count && zip(mine, theirs).allSatisfy { $0.contains($1) }
        default: self == other
        }
    }
}
