import DevCluster
import Foundation
import JSON
import TestSupport
import Testing

/// kubectl, unchanged, with ModelApps under the definition that is shipped.
@Suite("kubectl with ModelApps", .timeLimit(.minutes(5)), .enabled(if: !Kubectl.programs.isEmpty, "no kubectl"))
struct KubectlCustomResourceTests {
    private static let tutorial = KubectlCluster.repository + "/manifests/examples/tutorial.yaml"

    /// Runs `body` where the definition is installed and the tutorial's ModelApp exists.
    private func withModelApp(
        _ program: String,
        profile: APIServerProfile = .current,
        _ body: @escaping @Sendable (KubectlCluster) async throws -> Void
    ) async throws {
        try await KubectlCluster.run(program, profile: profile) { kubectl in
            try await kubectl("create", "namespace", "prod")
            try await kubectl("config", "set-context", "--current", "--namespace=prod")
            try await kubectl("apply", "-f", KubectlCluster.repository + "/crds/modelapps.modelapp.dev.yaml")
            try await kubectl(
                "wait",
                "--for=condition=Established",
                "crd/modelapps.modelapp.dev",
                "--timeout=10s"
            )
            #expect(try await kubectl("apply", "-f", Self.tutorial).contains("created"))
            try await body(kubectl)
        }
    }

    @Test(arguments: Kubectl.programs)
    func itIsPrintedInEveryForm(program: String) async throws {
        try await withModelApp(program) { kubectl in
            let table = try await kubectl("get", "ma")
            let header = table.split(separator: "\n").first?.split(separator: " ").map(String.init)
            #expect(header == ["NAME", "READY", "CODE", "MODEL", "PHASE", "PENDING", "AGE"])
            #expect(try await kubectl("get", "ma", "-o", "wide").contains("NEXT-WINDOW"))
            #expect(try await kubectl("get", "ma", "-o", "name") == "modelapp.modelapp.dev/image-classifier\n")
            #expect(try await kubectl("get", "ma", "-A", "-o=jsonpath={.items[*].spec.interval}") == "1s")
            #expect(try await kubectl("get", "ma", "-o=custom-columns=I:.spec.interval").contains("1s"))
            #expect(try await kubectl("get", "ma", "image-classifier", "-o", "yaml").contains("interval: 1s"))
            #expect(try await kubectl.json("get", "ma", "image-classifier")[path: "spec", "interval"] == "1s")
            #expect(try await kubectl("get", "all").contains("modelapp.modelapp.dev/image-classifier"))
            #expect(try await kubectl("describe", "ma").contains("Ports:"))
            try await kubectl("label", "ma", "image-classifier", "team=vision")
            try await kubectl("annotate", "ma", "image-classifier", "note=x")
            #expect(try await kubectl("get", "ma", "-l", "team=vision", "--show-labels").contains("team=vision"))
            #expect(try await kubectl("get", "ma", "-l", "team=other").contains("No resources found"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func itIsWatched(program: String) async throws {
        try await withModelApp(program) { kubectl in
            let watching = Tool(path: "/usr/bin/env")
            async let seen = watching.run(
                [
                    "KUBECONFIG=\(kubectl.folder.path)/kubeconfig", "HOME=\(kubectl.folder.path)", program, "get",
                    "ma", "-w", "-o=jsonpath={.spec.interval}{\"\\n\"}",
                ],
                until: "9s"
            )
            // The watch begins with what there is; the change comes by it or by its beginning.
            try await kubectl("patch", "ma", "image-classifier", "--type=merge", "-p", #"{"spec":{"interval":"9s"}}"#)
            #expect(try await seen.contains("9s"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func everyMemberIsExplained(program: String) async throws {
        try await withModelApp(program) { kubectl in
            let result = try await kubectl.run("explain", "modelapp.spec.code")
            if result.output.contains("Couldn't find resource") {
                // Versions before 1.27 read the protobuf form of OpenAPI v2, which this server keeps empty.
                #expect(try await kubectl("version", "--client").contains("1.2"))
                return
            }
            #expect(result.output.contains("image\t<string> -required-"))
            #expect(!result.output.contains("<no description>"), "\(result.output)")
            #expect(try await kubectl("explain", "modelapp", "--recursive").contains("mountPath"))
            #expect(try await kubectl("explain", "deployment.spec").contains("replicas"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func itIsChangedInEveryWay(program: String) async throws {
        try await withModelApp(program) { kubectl in
            func interval() async throws -> String {
                try await kubectl("get", "ma", "image-classifier", "-o=jsonpath={.spec.interval}")
            }
            try await kubectl(
                "edit",
                "ma",
                "image-classifier",
                environment: ["KUBE_EDITOR": "sed -i s/interval:.1s/interval:\\ 2s/"]
            )
            #expect(try await interval() == "2s")
            try await kubectl("patch", "ma", "image-classifier", "--type=merge", "-p", #"{"spec":{"interval":"3s"}}"#)
            #expect(try await interval() == "3s")
            try await kubectl(
                "patch",
                "ma",
                "image-classifier",
                "--type=json",
                "-p",
                #"[{"op":"replace","path":"/spec/interval","value":"4s"}]"#
            )
            #expect(try await interval() == "4s")
            // It is 4s there and 1s in the file: a difference, and afterwards none.
            let difference = try await kubectl.run("diff", "-f", Self.tutorial)
            // Versions before 1.27 look for dry runs in the paths of OpenAPI v2, of which this server tells the types.
            let cannotDiffer = difference.output.contains("doesn't support dry-run")
            if cannotDiffer { #expect(try await kubectl("version", "--client").contains("v1.2")) }
            #expect(
                cannotDiffer || difference.status == 1 && difference.output.contains("+  interval: 1s"),
                "\(difference.output)"
            )
            #expect(try await kubectl("apply", "-f", Self.tutorial).contains("configured"))
            #expect(try await interval() == "1s")
            if !cannotDiffer { #expect(try await kubectl.run("diff", "-f", Self.tutorial).status == 0) }
            #expect(try await kubectl("apply", "-f", Self.tutorial).contains("unchanged"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func whatTwoManagersWantIsAConflict(program: String) async throws {
        try await withModelApp(program) { kubectl in
            let object = try kubectl.file(
                """
                apiVersion: modelapp.dev/v1alpha1
                kind: ModelApp
                metadata: {name: image-classifier, namespace: prod}
                spec: {interval: 7s}
                """
            )
            // Before 1.25 kubectl checks the file by itself, and takes it for a whole object.
            let refused = try await kubectl.run(
                "apply",
                "--server-side",
                "--validate=false",
                "--field-manager=other",
                "-f",
                object
            )
            #expect(refused.status == 1)
            #expect(refused.output.contains("conflict") && refused.output.contains(".spec.interval"))
            try await kubectl(
                "apply",
                "--server-side",
                "--force-conflicts",
                "--field-manager=other",
                "-f",
                object
            )
            #expect(try await kubectl("get", "ma", "image-classifier", "-o=jsonpath={.spec.interval}") == "7s")
        }
    }

    /// Two sources, none, and values that cannot be; servers of 1.20 ignore CEL, and have the schema's unions.
    @Test(arguments: Kubectl.programs, [APIServerProfile.v1_20, .current])
    func whatTheSchemaForbidsIsRefused(program: String, profile: APIServerProfile) async throws {
        try await withModelApp(program, profile: profile) { kubectl in
            func patch(_ text: String) async throws -> Tool.Result {
                try await kubectl.run("patch", "ma", "image-classifier", "--type=merge", "-p", text)
            }
            for (text, field) in [
                (#"{"spec":{"model":{"s3":{"bucket":"b"}}}}"#, "spec.model"),
                (#"{"spec":{"model":{"azureBlob":null}}}"#, "spec.model"),
                (#"{"spec":{"code":{"select":{"newest":{}}}}}"#, "spec.code.select"),
                (#"{"spec":{"interval":"soon"}}"#, "spec.interval"),
                (#"{"spec":{"deletionPolicy":"Keep"}}"#, "spec.deletionPolicy"),
                (#"{"spec":{"code":{"image":null}}}"#, "spec.code.image"),
            ] {
                let result = try await patch(text)
                #expect(result.status == 1, "\(text)")
                #expect(result.output.contains("is invalid") && result.output.contains(field), "\(result.output)")
            }
        }
    }

    @Test(arguments: Kubectl.programs)
    func itIsDeletedAndWaitedFor(program: String) async throws {
        try await withModelApp(program) { kubectl in
            try await kubectl("delete", "ma", "image-classifier", "--wait", "--timeout=10s")
            #expect(try await kubectl("get", "ma").contains("No resources found"))
            try await kubectl("apply", "-f", Self.tutorial)
            try await kubectl("delete", "namespace", "prod", "--timeout=20s")
            #expect(try await kubectl("get", "ma", "-A").contains("No resources found"))
        }
    }
}
