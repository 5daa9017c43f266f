import JSON
import KubernetesAPI
import ReleasePlanning
import Testing

/// What is written to an adopted Deployment at its first release, whole. A change here is a change of every installation.
@Suite(.timeLimit(.minutes(1)))
struct AdoptionGoldenTests {
    private func documents() throws -> [String: JSONValue] {
        var documents: [String: JSONValue] = [:]
        for step in try Adoption.world().plan(Fixtures.resolution(1, 1)).steps {
            switch step {
            case .apply(let apply, _): documents[apply.resource.kind] = apply.document
            case .claim(let apply): documents["claim"] = apply.document
            default: break
            }
        }
        return documents
    }

    @Test func theClaimIsLabelAndAnnotation() throws {
        let document = try documents()["claim"]
        #expect(try document == JSONValue(parsing: Self.claim))
    }

    @Test func theReleaseIsAPatchOfOneContainer() throws {
        let document = try documents()["Deployment"]
        #expect(try document == JSONValue(parsing: Self.deployment))
    }

    private static let claim = #"""
        {
          "apiVersion": "apps/v1",
          "kind": "Deployment",
          "metadata": {
            "annotations": {
              "modelapp.dev/claimed-by": "prod/classifier/app-uid"
            },
            "labels": {
              "modelapp.dev/name": "classifier"
            },
            "name": "web",
            "namespace": "prod",
            "resourceVersion": "101"
          }
        }
        """#

    private static let deployment = #"""
        {
          "apiVersion": "apps/v1",
          "kind": "Deployment",
          "metadata": {
            "annotations": {
              "modelapp.dev/applied": "459ad4ef0dfe917b6e38ebb6b787b948666544ac41f668103324620a5b74456c",
              "modelapp.dev/code-tag": "1",
              "modelapp.dev/model-version": "1/",
              "modelapp.dev/release": "81d242c9f173"
            },
            "name": "web",
            "namespace": "prod",
            "resourceVersion": "101"
          },
          "spec": {
            "template": {
              "metadata": {
                "labels": {
                  "modelapp.dev/release": "81d242c9f173"
                }
              },
              "spec": {
                "containers": [
                  {
                    "env": [
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
                    "name": "api",
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
}
