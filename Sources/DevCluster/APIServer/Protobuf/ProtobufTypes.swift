/// The numbers that members have in Kubernetes' protobuf messages (the `generated.proto` files of k8s.io/api), for what
/// kubectl writes from its flags: `create`, `expose`, `autoscale`, `run`, `auth can-i`. kubectl sends protobuf for the
/// kinds that it has types for; what it reads from a file it sends as JSON.
///
/// A message is `Name member=number ...`, a member of another type than text `member=number:type`. Types: `int bool bytes
/// time qty ios`, another message's name, `[T]` for a list and `{T}` for a map.
struct ProtobufTypes: Sendable {
    /// The type of a member.
    indirect enum Kind: Sendable {
        case string
        case integer
        case boolean
        case bytes
        case time
        case quantity
        case intOrString
        case message(String)
        case list(Kind)
        case map(Kind)
    }

    /// A member of a message.
    struct Member: Sendable {
        var name: String
        var kind: Kind
    }

    /// The messages, by name; in each the members, by number.
    private let messages: [String: [Int: Member]]

    /// The table below.
    static let kubernetes = ProtobufTypes(text)

    /// The members of a message by number; nil for a message that is not in the table.
    subscript(_ message: String) -> [Int: Member]? { messages[message] }

    private init(_ text: String) {
        var messages: [String: [Int: Member]] = [:]
        var current = ""
        for line in text.split(separator: "\n") {
            var words = line.split(separator: " ")[...]
            if !line.hasPrefix(" ") { current = words.popFirst().map(String.init) ?? "" }
            for word in words {
                let parts = word.split(separator: "=", maxSplits: 1)
                let right = (parts.last ?? "").split(separator: ":", maxSplits: 1)
                guard parts.count == 2, let number = right.first.flatMap({ Int($0) }) else { continue }
                let kind = right.count == 2 ? ProtobufTypes.kind(right[1]) : .string
                messages[current, default: [:]][number] = Member(name: String(parts[0]), kind: kind)
            }
        }
        self.messages = messages
    }

    private static func kind(_ text: Substring) -> Kind {
        switch text.first {
        case "[": return .list(kind(text.dropFirst().dropLast()))
        case "{": return .map(kind(text.dropFirst().dropLast()))
        default: break
        }
        switch text {
        case "str": return .string
        case "int": return .integer
        case "bool": return .boolean
        case "bytes": return .bytes
        case "time": return .time
        case "qty": return .quantity
        case "ios": return .intOrString
        default: return .message(String(text))
        }
    }

    private static let text = """
        ObjectMeta name=1 generateName=2 namespace=3 selfLink=4 uid=5 resourceVersion=6 generation=7:int
          creationTimestamp=8:time deletionTimestamp=9:time deletionGracePeriodSeconds=10:int labels=11:{str}
          annotations=12:{str} ownerReferences=13:[OwnerReference] finalizers=14:[str]
        OwnerReference kind=1 name=3 uid=4 apiVersion=5 controller=6:bool blockOwnerDeletion=7:bool
        LabelSelector matchLabels=1:{str} matchExpressions=2:[LabelSelectorRequirement]
        LabelSelectorRequirement key=1 operator=2 values=3:[str]
        Namespace metadata=1:ObjectMeta spec=2:NamespaceSpec status=3:NamespaceStatus
        NamespaceSpec finalizers=1:[str]
        NamespaceStatus phase=1
        ConfigMap metadata=1:ObjectMeta data=2:{str} binaryData=3:{bytes} immutable=4:bool
        Secret metadata=1:ObjectMeta data=2:{bytes} type=3 stringData=4:{str} immutable=5:bool
        ServiceAccount metadata=1:ObjectMeta secrets=2:[ObjectReference] imagePullSecrets=3:[LocalObjectReference]
          automountServiceAccountToken=4:bool
        ObjectReference kind=1 namespace=2 name=3 uid=4 apiVersion=5 resourceVersion=6 fieldPath=7
        LocalObjectReference name=1
        Service metadata=1:ObjectMeta spec=2:ServiceSpec status=3:ServiceStatus
        ServiceSpec ports=1:[ServicePort] selector=2:{str} clusterIP=3 type=4 externalIPs=5:[str] sessionAffinity=7
          loadBalancerIP=8 loadBalancerSourceRanges=9:[str] externalName=10 externalTrafficPolicy=11
          healthCheckNodePort=12:int publishNotReadyAddresses=13:bool ipFamilyPolicy=17 clusterIPs=18:[str]
          ipFamilies=19:[str] allocateLoadBalancerNodePorts=20:bool loadBalancerClass=21 internalTrafficPolicy=22
          trafficDistribution=23
        ServicePort name=1 protocol=2 port=3:int targetPort=4:ios nodePort=5:int appProtocol=6
        ServiceStatus loadBalancer=1:LoadBalancerStatus
        LoadBalancerStatus ingress=1:[LoadBalancerIngress]
        LoadBalancerIngress ip=1 hostname=2
        Pod metadata=1:ObjectMeta spec=2:PodSpec status=3:PodStatus
        PodStatus phase=1 message=3 reason=4 hostIP=5 podIP=6 qosClass=9 nominatedNodeName=11
        PodTemplateSpec metadata=1:ObjectMeta spec=2:PodSpec
        PodSpec containers=2:[Container] restartPolicy=3 terminationGracePeriodSeconds=4:int
          activeDeadlineSeconds=5:int dnsPolicy=6 nodeSelector=7:{str} serviceAccountName=8 serviceAccount=9 nodeName=10
          hostNetwork=11:bool hostPID=12:bool hostIPC=13:bool imagePullSecrets=15:[LocalObjectReference] hostname=16
          subdomain=17 schedulerName=19 automountServiceAccountToken=21:bool priorityClassName=24 priority=25:int
        Container name=1 image=2 command=3:[str] args=4:[str] workingDir=5 ports=6:[ContainerPort] env=7:[EnvVar]
          resources=8:ResourceRequirements terminationMessagePath=13 imagePullPolicy=14 stdin=16:bool stdinOnce=17:bool
          tty=18:bool terminationMessagePolicy=20
        ContainerPort name=1 hostPort=2:int containerPort=3:int protocol=4 hostIP=5
        EnvVar name=1 value=2
        ResourceRequirements limits=1:{qty} requests=2:{qty}
        Deployment metadata=1:ObjectMeta spec=2:DeploymentSpec status=3:DeploymentStatus
        DeploymentSpec replicas=1:int selector=2:LabelSelector template=3:PodTemplateSpec strategy=4:DeploymentStrategy
          minReadySeconds=5:int revisionHistoryLimit=6:int paused=7:bool progressDeadlineSeconds=9:int
        DeploymentStrategy type=1 rollingUpdate=2:RollingUpdateDeployment
        RollingUpdateDeployment maxUnavailable=1:ios maxSurge=2:ios
        DeploymentStatus observedGeneration=1:int replicas=2:int updatedReplicas=3:int availableReplicas=4:int
          unavailableReplicas=5:int readyReplicas=7:int collisionCount=8:int
        Job metadata=1:ObjectMeta spec=2:JobSpec status=3:JobStatus
        JobSpec parallelism=1:int completions=2:int activeDeadlineSeconds=3:int selector=4:LabelSelector
          manualSelector=5:bool template=6:PodTemplateSpec backoffLimit=7:int ttlSecondsAfterFinished=8:int
        JobStatus active=4:int succeeded=5:int failed=6:int completedIndexes=7 ready=9:int
        CronJob metadata=1:ObjectMeta spec=2:CronJobSpec status=3:CronJobStatus
        CronJobSpec schedule=1 startingDeadlineSeconds=2:int concurrencyPolicy=3 suspend=4:bool
          jobTemplate=5:JobTemplateSpec successfulJobsHistoryLimit=6:int failedJobsHistoryLimit=7:int timeZone=8
        JobTemplateSpec metadata=1:ObjectMeta spec=2:JobSpec
        CronJobStatus active=1:[ObjectReference]
        HorizontalPodAutoscaler metadata=1:ObjectMeta spec=2:HorizontalPodAutoscalerSpec
          status=3:HorizontalPodAutoscalerStatus
        HorizontalPodAutoscalerSpec scaleTargetRef=1:CrossVersionObjectReference minReplicas=2:int maxReplicas=3:int
          targetCPUUtilizationPercentage=4:int
        CrossVersionObjectReference kind=1 name=2 apiVersion=3
        HorizontalPodAutoscalerStatus observedGeneration=1:int lastScaleTime=2:time currentReplicas=3:int
          desiredReplicas=4:int currentCPUUtilizationPercentage=5:int
        Role metadata=1:ObjectMeta rules=2:[PolicyRule]
        ClusterRole metadata=1:ObjectMeta rules=2:[PolicyRule] aggregationRule=3:AggregationRule
        AggregationRule clusterRoleSelectors=1:[LabelSelector]
        PolicyRule verbs=1:[str] apiGroups=2:[str] resources=3:[str] resourceNames=4:[str] nonResourceURLs=5:[str]
        RoleBinding metadata=1:ObjectMeta subjects=2:[Subject] roleRef=3:RoleRef
        ClusterRoleBinding metadata=1:ObjectMeta subjects=2:[Subject] roleRef=3:RoleRef
        Subject kind=1 apiGroup=2 name=3 namespace=4
        RoleRef apiGroup=1 kind=2 name=3
        SelfSubjectAccessReview metadata=1:ObjectMeta spec=2:SelfSubjectAccessReviewSpec
          status=3:SubjectAccessReviewStatus
        SelfSubjectAccessReviewSpec resourceAttributes=1:ResourceAttributes
          nonResourceAttributes=2:NonResourceAttributes
        ResourceAttributes namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7
        NonResourceAttributes path=1 verb=2
        SubjectAccessReviewStatus allowed=1:bool reason=2 evaluationError=3 denied=4:bool
        SelfSubjectRulesReview metadata=1:ObjectMeta spec=2:SelfSubjectRulesReviewSpec
          status=3:SubjectRulesReviewStatus
        SelfSubjectRulesReviewSpec namespace=1
        SubjectRulesReviewStatus incomplete=3:bool evaluationError=4
        SelfSubjectReview metadata=1:ObjectMeta
        TokenRequest metadata=1:ObjectMeta spec=2:TokenRequestSpec status=3:TokenRequestStatus
        TokenRequestSpec audiences=1:[str] boundObjectRef=3:BoundObjectReference expirationSeconds=4:int
        BoundObjectReference kind=1 apiVersion=2 name=3 uid=4
        TokenRequestStatus token=1 expirationTimestamp=2:time
        """
}
