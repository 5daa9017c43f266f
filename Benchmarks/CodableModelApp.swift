// A ModelApp as it would be declared for Foundation's JSONDecoder: what `make bench` compares with, nothing else.
// Everything that the project's own decoder keeps is here, pod templates with types: decoding them by trial, as a type
// for any JSON does, would make JSONDecoder several times slower still.

struct CodableList: Codable {
    var items: [CodableModelApp]
}

struct CodableModelApp: Codable {
    var metadata: Metadata
    var spec: Spec
    var status: Status?

    struct Metadata: Codable {
        var name: String
        var namespace: String
        var uid: String
        var resourceVersion: String
        var generation: Int64
        var creationTimestamp: String?
        var deletionTimestamp: String?
        var labels: [String: String]?
        var annotations: [String: String]?
    }

    struct Spec: Codable {
        var suspend: Bool
        var interval: String
        var deletionPolicy: DeletionPolicy
        var code: Code
        var model: Model
        var delivery: Delivery
        var target: Target
        var rollout: Rollout
    }

    enum DeletionPolicy: String, Codable { case delete = "Delete", orphan = "Orphan" }
    enum OnMissing: String, Codable { case keep = "Keep", downgrade = "Downgrade" }
    enum Mode: String, Codable {
        case initContainer = "InitContainer", baked = "Baked", imageVolume = "ImageVolume", reference = "Reference"
    }
    enum Prefetch: String, Codable { case never = "Never", beforeWindow = "BeforeWindow", always = "Always" }
    enum Initial: String, Codable { case immediately = "Immediately", wait = "Wait" }
    enum OnFailure: String, Codable { case rollback = "Rollback", pause = "Pause" }
    enum StrategyType: String, Codable {
        case rolling = "Rolling", blueGreen = "BlueGreen", canary = "Canary", recreate = "Recreate"
    }
    enum ServiceType: String, Codable {
        case clusterIP = "ClusterIP", nodePort = "NodePort", loadBalancer = "LoadBalancer"
    }

    struct Empty: Codable {}
    struct Reference: Codable { var name: String }
    struct Auth: Codable { var secretRef: Reference? }
    struct Select: Codable {
        var numerical: Empty?
        var alphabetical: Empty?
        var newest: Empty?
    }
    struct Filter: Codable {
        var match: String
        var extract: String?
    }
    struct Code: Codable {
        var image: String
        var select: Select
        var filter: Filter?
        var exclude: [String]?
        var platforms: [String]?
        var onMissing: OnMissing
        var auth: Auth?
    }
    struct Model: Codable {
        var s3: S3?
        var versions: Versions?
        var objects: [String]?
        var complete: Complete?
        var onMissing: OnMissing
        var auth: Auth?

        struct S3: Codable {
            var bucket: String
            var prefix: String
            var region: String
            var endpoint: String
        }
        struct Versions: Codable {
            var filter: Filter?
            var select: Select
        }
        struct Complete: Codable {
            var marker: String?
            var manifest: String?
            var settle: String?
        }
    }
    struct Delivery: Codable {
        var mode: Mode
        var mountPath: String
        var env: Environment
        var prefetch: Prefetch

        struct Environment: Codable {
            var path: String
            var version: String
            var revision: String
        }
    }
    struct Target: Codable {
        var container: String?
        var own: Own?
        var service: Service?

        struct Own: Codable {
            var replicas: Int64?
            var minReadySeconds: Int64?
            var template: PodTemplate
        }
        struct Service: Codable {
            var type: ServiceType
            var ports: [Port]
            var annotations: [String: String]?
        }
        struct Port: Codable {
            var name: String?
            var port: Int64
            var targetPort: Int64?
        }
    }
    struct Rollout: Codable {
        var initial: Initial
        var strategy: Strategy
        var progressDeadline: String
        var onFailure: OnFailure
        var attempts: Int64
        var historyLimit: Int64

        struct Strategy: Codable { var type: StrategyType }
    }
}

extension CodableModelApp {
    struct PodTemplate: Codable {
        var metadata: Metadata?
        var spec: PodSpec

        struct Metadata: Codable {
            var labels: [String: String]?
            var annotations: [String: String]?
        }
        struct PodSpec: Codable {
            var containers: [Container]
            var serviceAccountName: String?
        }
        struct Container: Codable {
            var name: String
            var env: [Variable]?
            var ports: [Port]?
            var readinessProbe: Probe?
            var resources: Resources?
        }
        struct Variable: Codable {
            var name: String
            var value: String?
        }
        struct Port: Codable {
            var containerPort: Int64
            var name: String?
            var `protocol`: String?
        }
        struct Probe: Codable {
            var httpGet: Get?
            var periodSeconds: Int64?

            struct Get: Codable {
                var path: String
                var port: Int64
            }
        }
        struct Resources: Codable {
            var limits: [String: String]?
            var requests: [String: String]?
        }
    }

    struct Status: Codable {
        var observedGeneration: Int64
        var conditions: [Condition]
        var code: Code?
        var model: Model?
        var release: Release?
        var history: [Entry]?

        struct Condition: Codable {
            var type: String
            var status: String
            var observedGeneration: Int64
            var lastTransitionTime: String
            var reason: String
            var message: String
        }
        struct Code: Codable {
            var latest: Latest?

            struct Latest: Codable {
                var tag: String
                var digest: String
                var pushedAt: String?
                var platforms: [String]?
            }
        }
        struct Model: Codable {
            var latest: Latest?

            struct Latest: Codable {
                var version: String
                var digest: String
                var identity: String?
                var bytes: Int64
                var objects: Int64
                var modifiedAt: String?
            }
        }
        struct Release: Codable {
            var current: Current?
            var pods: Pods?

            struct Current: Codable {
                var id: String
                var code: CodePart
                var model: ModelPart
                var image: String
                var since: String?
                var restorable: Bool
            }
            struct CodePart: Codable {
                var tag: String
                var digest: String
            }
            struct ModelPart: Codable {
                var version: String
                var digest: String
            }
            struct Pods: Codable {
                var desired: Int64
                var onTarget: Int64
                var onCurrent: Int64
                var other: Int64
            }
        }
        struct Entry: Codable {
            var id: String
            var code: String
            var model: String
            var result: String
            var cause: String
            var at: String
            var tookSeconds: Int64?
        }
    }
}
