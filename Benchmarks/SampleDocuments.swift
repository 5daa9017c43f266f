/// Objects as an API server stores them, made from a seed: the same bytes on every machine.
///
/// They hold what makes real objects expensive: `managedFields` whose keys are escaped JSON, kubectl's last-applied
/// annotation, escapes and characters beyond ASCII, explicit defaults, a pod template, a status with history.
struct SampleDocuments {
    private var random: SplitMix64

    init(seed: UInt64 = 20_261_124) { random = SplitMix64(seed: seed) }

    /// The answer to a list of `count` ModelApps; 10,000 are about 37 MB.
    mutating func modelAppList(_ count: Int) -> [UInt8] {
        var text = #"{"apiVersion":"modelapp.dev/v1alpha1","items":["#
        text.reserveCapacity(count * 3900)
        for index in 0..<count {
            if index > 0 { text += "," }
            text += modelApp(index)
        }
        text += #"],"kind":"ModelAppList","metadata":{"continue":"","resourceVersion":"4711"}}"#
        return Array(text.utf8)
    }

    /// The answer to a list of `count` Deployments, as they are after a rollout.
    mutating func deploymentList(_ count: Int) -> [UInt8] {
        var text = #"{"apiVersion":"apps/v1","items":["#
        text.reserveCapacity(count * 4300)
        for index in 0..<count {
            if index > 0 { text += "," }
            text += deployment(index)
        }
        text += #"],"kind":"DeploymentList","metadata":{"continue":"","resourceVersion":"4711"}}"#
        return Array(text.utf8)
    }

    /// `length` hexadecimal digits.
    mutating func hex(_ length: Int) -> String {
        var digits = ""
        while digits.utf8.count < length {
            let word = String(random.next(), radix: 16)
            digits += String(repeating: "0", count: 16 - word.utf8.count) + word
        }
        return String(digits.prefix(length))
    }

    mutating func uid() -> String { [8, 4, 4, 4, 12].map { hex($0) }.joined(separator: "-") }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    static func name(_ index: Int) -> String {
        let digits = String(index)
        return "app-" + String(repeating: "0", count: 5 - digits.utf8.count) + digits
    }

    static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}

extension SampleDocuments {
    /// One ModelApp, about 3.7 KB.
    mutating func modelApp(_ index: Int, suspended: Bool = false) -> String {
        let name = Self.name(index)
        let code = "sha256:" + hex(64)
        let model = "sha256:" + hex(64)
        let tag = number(100...9999)
        let release = hex(12)
        let template = podTemplate(index)
        let spec = """
            {"code":{"image":"registry.example.com/team-\(index % 40)/\(name)","onMissing":"Keep",\
            "select":{"numerical":{}}},"deletionPolicy":"Delete",\
            "delivery":{"env":{"path":"MODEL_PATH","revision":"MODEL_REVISION","version":"MODEL_VERSION"},\
            "mode":"Reference","mountPath":"/models","prefetch":"Never"},"interval":"5m",\
            "model":{"auth":{"secretRef":{"name":"models"}},"complete":{"marker":"_SUCCESS"},"onMissing":"Keep",\
            "s3":{"bucket":"models","endpoint":"https://s3.example.com","prefix":"\(name)/","region":"eu-west-1"},\
            "versions":{"filter":{"extract":"$v","match":"^(?<v>\\\\d+)/$"},"select":{"numerical":{}}}},\
            "rollout":{"attempts":1,"historyLimit":10,"initial":"Immediately","onFailure":"Rollback",\
            "progressDeadline":"15m","strategy":{"type":"Rolling"}},"suspend":\(suspended),\
            "target":{"own":{"replicas":\(number(1...9)),"template":\(template)},\
            "service":{"ports":[{"port":80,"targetPort":8080}],"type":"ClusterIP"}}}
            """
        let applied =
            #"{"apiVersion":"modelapp.dev/v1alpha1","kind":"ModelApp","metadata":{"name":"\#(name)"},"#
            + #""spec":{"code":{"image":"registry.example.com/\#(name)"}}}"#
        let time = "2026-11-\(number(10...28))T\(number(10...23)):\(number(10...59)):\(number(10...59))Z"
        return """
            {"apiVersion":"modelapp.dev/v1alpha1","kind":"ModelApp","metadata":{"annotations":{\
            "example.com/description":"Prüft \\"Würfel\\"\\nund mehr \\u2014 team \(index % 40)",\
            "kubectl.kubernetes.io/last-applied-configuration":"\(Self.quoted(applied))\\n"},\
            "creationTimestamp":"\(time)","generation":\(number(1...40)),\
            "labels":{"app.kubernetes.io/name":"\(name)","app.kubernetes.io/part-of":"team-\(index % 40)"},\
            "managedFields":\(managedFields(time)),"name":"\(name)","namespace":"team-\(index % 40)",\
            "resourceVersion":"\(number(100_000...9_999_999))","uid":"\(uid())"},"spec":\(spec),\
            "status":{"code":{"latest":{"digest":"\(code)","platforms":["linux/amd64"],"tag":"\(tag)"}},\
            "conditions":[{"lastTransitionTime":"\(time)","message":"code \(tag) and model 12 run everywhere",\
            "observedGeneration":3,"reason":"Converged","status":"True","type":"Ready"}],\
            "history":[{"at":"\(time)","cause":"First","code":"\(tag)","id":"\(release)","model":"12",\
            "result":"Converged","tookSeconds":\(number(2...90))}],\
            "model":{"latest":{"bytes":\(number(1_000_000...900_000_000)),"digest":"\(model)",\
            "identity":"Checksum","modifiedAt":"\(time)","objects":3,"version":"12"}},"observedGeneration":3,\
            "release":{"current":{"code":{"digest":"\(code)","tag":"\(tag)"},"id":"\(release)",\
            "image":"registry.example.com/\(name)@\(code)","model":{"digest":"\(model)","version":"12"},\
            "restorable":true,"since":"\(time)"},"pods":{"desired":2,"onCurrent":2,"onTarget":2,"other":0}}}}
            """
    }

    private mutating func podTemplate(_ index: Int) -> String {
        """
        {"metadata":{"labels":{"tier":"backend"}},"spec":{"containers":[{"env":[{"name":"GREETING",\
        "value":"caf\\u00e9 \\"\(index % 7)\\" \\/"},{"name":"LOG_LEVEL","value":"info"}],"name":"api",\
        "ports":[{"containerPort":8080,"name":"http","protocol":"TCP"}],\
        "readinessProbe":{"httpGet":{"path":"/ready","port":8080},"periodSeconds":5},\
        "resources":{"limits":{"cpu":"\(number(1...8))","memory":"\(number(1...64))Gi"},\
        "requests":{"cpu":"\(number(100...900))m","memory":"512Mi"}}}],"serviceAccountName":"default"}}
        """
    }

    private mutating func managedFields(_ time: String) -> String {
        """
        [{"apiVersion":"modelapp.dev/v1alpha1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":\
        {".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}}},"f:spec":{".":{},"f:code":{".":{},\
        "f:image":{},"f:select":{".":{},"f:numerical":{}}},"f:model":{".":{},"f:s3":{".":{},"f:bucket":{}}},\
        "f:target":{".":{},"f:own":{".":{},"f:template":{}},"f:service":{".":{},"f:ports":{".":{},\
        "k:{\\"port\\":80}":{".":{},"f:port":{},"f:targetPort":{}}}}}}},"manager":"kubectl-client-side-apply",\
        "operation":"Update","time":"\(time)"},{"apiVersion":"modelapp.dev/v1alpha1","fieldsType":"FieldsV1",\
        "fieldsV1":{"f:status":{".":{},"f:conditions":{".":{},"k:{\\"type\\":\\"Ready\\"}":{".":{},\
        "f:message":{},"f:reason":{},"f:status":{},"f:type":{}}},"f:release":{".":{},"f:current":{}}}},\
        "manager":"modelapp","operation":"Apply","subresource":"status","time":"\(time)"}]
        """
    }
}

extension SampleDocuments {
    /// The Deployment of ModelApp `index`, about 4 KB.
    mutating func deployment(_ index: Int) -> String {
        let name = Self.name(index)
        let image = "registry.example.com/team-\(index % 40)/\(name)@sha256:" + hex(64)
        let time = "2026-11-\(number(10...28))T\(number(10...23)):\(number(10...59)):\(number(10...59))Z"
        let labels = """
            {"app.kubernetes.io/instance":"\(name)","app.kubernetes.io/managed-by":"modelapp","modelapp.dev/name":"\(name)"}
            """
        let condition = { (type: String, reason: String) in
            """
            {"lastTransitionTime":"\(time)","lastUpdateTime":"\(time)","message":"ReplicaSet \\"\(name)-5d8f\\" has \
            successfully progressed.","reason":"\(reason)","status":"True","type":"\(type)"}
            """
        }
        return """
            {"metadata":{"annotations":{"deployment.kubernetes.io/revision":"3","modelapp.dev/applied":"\(hex(32))",\
            "modelapp.dev/code-tag":"\(number(100...9999))","modelapp.dev/release":"\(hex(12))"},\
            "creationTimestamp":"\(time)","generation":4,"labels":\(labels),"managedFields":\(managedFields(time)),\
            "name":"\(name)","namespace":"team-\(index % 40)","ownerReferences":[{"apiVersion":"modelapp.dev/v1alpha1",\
            "blockOwnerDeletion":true,"controller":true,"kind":"ModelApp","name":"\(name)","uid":"\(uid())"}],\
            "resourceVersion":"\(number(100_000...9_999_999))","uid":"\(uid())"},"spec":{"progressDeadlineSeconds":900,\
            "replicas":2,"revisionHistoryLimit":10,"selector":{"matchLabels":{"modelapp.dev/name":"\(name)"}},\
            "strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":0},"type":"RollingUpdate"},"template":\
            {"metadata":{"creationTimestamp":null,"labels":\(labels)},"spec":{"containers":[{"env":[{"name":"MODEL_URI",\
            "value":"s3://models/\(name)/12/"},{"name":"MODEL_VERSION","value":"12"},{"name":"MODEL_REVISION",\
            "value":"\(hex(64))"},{"name":"LOG_LEVEL","value":"info"}],"image":"\(image)",\
            "imagePullPolicy":"IfNotPresent","name":"api","ports":[{"containerPort":8080,"name":"http",\
            "protocol":"TCP"}],"readinessProbe":{"failureThreshold":3,"httpGet":{"path":"/ready","port":8080,\
            "scheme":"HTTP"},"periodSeconds":5,"successThreshold":1,"timeoutSeconds":1},"resources":{"limits":\
            {"cpu":"2","memory":"4Gi"},"requests":{"cpu":"500m","memory":"512Mi"}},\
            "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],\
            "dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler",\
            "securityContext":{},"serviceAccount":"default","serviceAccountName":"default",\
            "terminationGracePeriodSeconds":30}}},"status":{"availableReplicas":2,"conditions":\
            [\(condition("Available", "MinimumReplicasAvailable")),\(condition("Progressing", "NewReplicaSetAvailable"))],\
            "observedGeneration":4,"readyReplicas":2,"replicas":2,"updatedReplicas":2}}
            """
    }
}

/// A generator that always gives the same numbers for the same seed.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
