import JSON
import KubernetesAPI
import ModelAppAPI
import ReleasePlanning
import Testing

/// The bodies of the first release, whole: what is frozen in clusters, and what users see in `modelapp plan`. A change here
/// is a change of every installation.
@Suite(.timeLimit(.minutes(1)))
struct GoldenTests {
    private func documents() throws -> [String: JSONValue] {
        var documents: [String: JSONValue] = [:]
        let plan = try World(try Fixtures.app()).plan(Fixtures.resolution(1, 1))
        for case .apply(let step, _) in plan.steps { documents[step.resource.kind] = step.document }
        return documents
    }

    @Test func theDeploymentIsTheOneThatWasAlwaysMade() throws {
        #expect(try documents()["Deployment"] == JSONValue(parsing: Self.deployment))
    }

    @Test func theServiceIsTheOneThatWasAlwaysMade() throws {
        #expect(try documents()["Service"] == JSONValue(parsing: Self.service))
    }

    @Test func theRevisionIsTheOneThatWasAlwaysMade() throws {
        let documents = try documents()
        var revision = try #require(documents["ControllerRevision"])
        #expect(revision["data"]?["template"] == documents["Deployment"]?["spec"]?["template"])
        revision.replace(["data", "template"], with: "TEMPLATE")
        let hash = try #require(revision["data"]?["templateHash"]?.string)
        let (code, model) = (Fixtures.code(1).digest, Fixtures.model(1).version.digest)
        #expect(revision["data"]?["id"]?.string == Release.id(codeDigest: code, modelDigest: model, templateHash: hash))
        revision.replace(["data", "templateHash"], with: "HASH")
        #expect(try revision == JSONValue(parsing: Self.revision))
    }

    private static let deployment = #"""
        {
          "apiVersion": "apps/v1",
          "kind": "Deployment",
          "metadata": {
            "annotations": {
              "modelapp.dev/applied": "bdf9e67c21e86625b8430d5043e4e349161da022e22bcfe332b4837ecd2f6fc4",
              "modelapp.dev/code-tag": "1",
              "modelapp.dev/model-version": "1/",
              "modelapp.dev/release": "af6cc09666e2"
            },
            "labels": {
              "app.kubernetes.io/managed-by": "modelapp",
              "app.kubernetes.io/name": "classifier",
              "modelapp.dev/name": "classifier",
              "modelapp.dev/release": "af6cc09666e2"
            },
            "name": "classifier",
            "namespace": "prod",
            "ownerReferences": [
              {
                "apiVersion": "modelapp.dev/v1alpha1",
                "blockOwnerDeletion": true,
                "controller": true,
                "kind": "ModelApp",
                "name": "classifier",
                "uid": "app-uid"
              }
            ]
          },
          "spec": {
            "progressDeadlineSeconds": 900,
            "selector": {
              "matchLabels": {
                "modelapp.dev/name": "classifier",
                "modelapp.dev/slot": "a"
              }
            },
            "template": {
              "metadata": {
                "labels": {
                  "modelapp.dev/name": "classifier",
                  "modelapp.dev/release": "af6cc09666e2",
                  "modelapp.dev/slot": "a",
                  "team": "vision"
                }
              },
              "spec": {
                "containers": [
                  {
                    "command": [
                      "serve",
                      "--fast"
                    ],
                    "env": [
                      {
                        "name": "MODE",
                        "value": "prod"
                      },
                      {
                        "name": "MODEL_VERSION",
                        "value": "1/"
                      },
                      {
                        "name": "MODEL_REVISION",
                        "value": "sha256:00000000000000000000000000000000000000000000000000000000000003e9"
                      },
                      {
                        "name": "MODEL_PATH",
                        "value": "/models"
                      }
                    ],
                    "image": "acr.io/model-api@sha256:0000000000000000000000000000000000000000000000000000000000000001",
                    "name": "web",
                    "ports": [
                      {
                        "containerPort": 88,
                        "protocol": "TCP"
                      }
                    ],
                    "readinessProbe": {
                      "httpGet": {
                        "path": "/ready",
                        "port": 88
                      },
                      "initialDelaySeconds": 0
                    },
                    "resources": {
                      "limits": {
                        "cpu": "1000m",
                        "memory": "1024Mi"
                      },
                      "requests": {
                        "cpu": 0.5
                      }
                    },
                    "volumeMounts": [
                      {
                        "mountPath": "/models",
                        "name": "modelapp-model",
                        "readOnly": true,
                        "subPath": "model"
                      }
                    ]
                  }
                ],
                "initContainers": [
                  {
                    "args": [
                      "fetch",
                      "--source",
                      "{\"onMissing\":\"Keep\",\"s3\":{\"bucket\":\"models\",\"endpoint\":\"\",\"prefix\":\"resnet/\",\"region\":\"eu-west-1\"}}",
                      "--model-version",
                      "1/",
                      "--digest",
                      "sha256:00000000000000000000000000000000000000000000000000000000000003e9",
                      "--to",
                      "/modelapp/model"
                    ],
                    "envFrom": [
                      {
                        "secretRef": {
                          "name": "s3-keys"
                        }
                      }
                    ],
                    "image": "registry.example/modelapp:1",
                    "name": "modelapp-fetch",
                    "securityContext": {
                      "allowPrivilegeEscalation": false,
                      "capabilities": {
                        "drop": [
                          "ALL"
                        ]
                      },
                      "readOnlyRootFilesystem": true
                    },
                    "terminationMessagePolicy": "FallbackToLogsOnError",
                    "volumeMounts": [
                      {
                        "mountPath": "/modelapp",
                        "name": "modelapp-model"
                      }
                    ]
                  }
                ],
                "volumes": [
                  {
                    "emptyDir": {},
                    "name": "modelapp-model"
                  }
                ]
              }
            }
          }
        }
        """#

    private static let service = """
        {
          "apiVersion": "v1",
          "kind": "Service",
          "metadata": {
            "annotations": {
              "modelapp.dev/applied": "2c55a7150b599445f13958616c644c1cdbc5416ce58485788a92f917a1d12dd4"
            },
            "labels": {
              "app.kubernetes.io/managed-by": "modelapp",
              "app.kubernetes.io/name": "classifier",
              "modelapp.dev/name": "classifier"
            },
            "name": "classifier",
            "namespace": "prod",
            "ownerReferences": [
              {
                "apiVersion": "modelapp.dev/v1alpha1",
                "blockOwnerDeletion": true,
                "controller": true,
                "kind": "ModelApp",
                "name": "classifier",
                "uid": "app-uid"
              }
            ]
          },
          "spec": {
            "ports": [
              {
                "port": 80,
                "protocol": "TCP",
                "targetPort": 88
              }
            ],
            "selector": {
              "modelapp.dev/name": "classifier",
              "modelapp.dev/slot": "a"
            },
            "type": "LoadBalancer"
          }
        }
        """

    private static let revision = """
        {
          "apiVersion": "apps/v1",
          "data": {
            "cause": "First",
            "code": {
              "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000001",
              "platforms": [
                "linux/amd64"
              ],
              "tag": "1"
            },
            "id": "af6cc09666e2",
            "image": "acr.io/model-api@sha256:0000000000000000000000000000000000000000000000000000000000000001",
            "mode": "InitContainer",
            "model": {
              "bytes": 100,
              "digest": "sha256:00000000000000000000000000000000000000000000000000000000000003e9",
              "identity": "Manifest",
              "objects": 2,
              "version": "1/"
            },
            "modelURI": "s3://models/resnet/1/",
            "repository": "acr.io/model-api",
            "restorable": true,
            "template": "TEMPLATE",
            "templateHash": "HASH"
          },
          "kind": "ControllerRevision",
          "metadata": {
            "annotations": {
              "modelapp.dev/started-at": "2026-01-01T00:00:00Z"
            },
            "labels": {
              "modelapp.dev/name": "classifier",
              "modelapp.dev/release": "af6cc09666e2"
            },
            "name": "classifier-af6cc09666e2",
            "namespace": "prod",
            "ownerReferences": [
              {
                "apiVersion": "modelapp.dev/v1alpha1",
                "blockOwnerDeletion": true,
                "controller": true,
                "kind": "ModelApp",
                "name": "classifier",
                "uid": "app-uid"
              }
            ]
          },
          "revision": 1
        }
        """
}
