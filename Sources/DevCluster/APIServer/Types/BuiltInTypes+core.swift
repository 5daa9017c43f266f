extension BuiltInTypes {
    /// The types of the core group without Pods and Nodes.
    static let core = """
        Namespace apiVersion:str kind:str metadata:ObjectMeta spec:NamespaceSpec{} status:NamespaceStatus{}
        ObjectMeta annotations:{str}? clusterName:str? creationTimestamp:time deletionGracePeriodSeconds:int
          deletionTimestamp:time finalizers:[str]set? generateName:str? generation:int? labels:{str}?
          managedFields:[ManagedFieldsEntry]? name:str? namespace:str? ownerReferences:[OwnerReference]map(uid)?
          resourceVersion:str? selfLink:str? uid:str?
        ManagedFieldsEntry apiVersion:str? fieldsType:str? fieldsV1:any manager:str? operation:str? +subresource:str
          time:time
        OwnerReference apiVersion:str blockOwnerDeletion:bool controller:bool kind:str name:str uid:str
        NamespaceSpec finalizers:[str]?
        NamespaceStatus conditions:[NamespaceCondition]map(type)? phase:str?
        NamespaceCondition lastTransitionTime:time message:str? reason:str? status:str type:str
        ConfigMap apiVersion:str binaryData:{bytes}? data:{str}? immutable:bool kind:str metadata:ObjectMeta
        Secret apiVersion:str data:{bytes}? immutable:bool kind:str metadata:ObjectMeta stringData:{str}? type:str?
        Service apiVersion:str kind:str metadata:ObjectMeta spec:ServiceSpec{} status:ServiceStatus{}
        ServiceSpec allocateLoadBalancerNodePorts:bool clusterIP:str? clusterIPs:[str]? externalIPs:[str]?
          externalName:str? externalTrafficPolicy:str? healthCheckNodePort:int? +internalTrafficPolicy:str
          ipFamilies:[str]? ipFamilyPolicy:str +loadBalancerClass:str loadBalancerIP:str?
          loadBalancerSourceRanges:[str]? ports:[ServicePort]map(port,protocol)merge(port)?
          publishNotReadyAddresses:bool? selector:{str}+!? sessionAffinity:str?
          sessionAffinityConfig:SessionAffinityConfig topologyKeys:[str]? +trafficDistribution:str type:str?
        ServicePort appProtocol:str name:str? nodePort:int? port:int protocol:str=TCP targetPort:ios
        SessionAffinityConfig clientIP:ClientIPConfig
        ClientIPConfig timeoutSeconds:int
        ServiceStatus conditions:[Condition]map(type)? loadBalancer:LoadBalancerStatus{}
        Condition lastTransitionTime:time message:str observedGeneration:int? reason:str status:str type:str
        LoadBalancerStatus ingress:[LoadBalancerIngress]?
        LoadBalancerIngress hostname:str? ip:str? +ipMode:str ports:[PortStatus]?
        PortStatus error:str port:int protocol:str
        ServiceAccount apiVersion:str automountServiceAccountToken:bool imagePullSecrets:[LocalObjectReference]?
          kind:str metadata:ObjectMeta secrets:[ObjectReference]map(name)?
        ObjectReference!+ apiVersion:str? fieldPath:str? kind:str? name:str? namespace:str? resourceVersion:str?
          uid:str?
        Event action:str? apiVersion:str count:int? eventTime:microtime firstTimestamp:time
          involvedObject:ObjectReference{} kind:str lastTimestamp:time message:str? metadata:ObjectMeta reason:str?
          related:ObjectReference reportingComponent:str reportingInstance:str series:EventSeries source:EventSource{}
          type:str?
        EventSeries count:int? lastObservedTime:microtime
        EventSource component:str? host:str?
        Endpoints apiVersion:str kind:str metadata:ObjectMeta subsets:[EndpointSubset]?
        EndpointSubset addresses:[EndpointAddress]? notReadyAddresses:[EndpointAddress]? ports:[EndpointPort]?
        EndpointAddress hostname:str? ip:str nodeName:str targetRef:ObjectReference
        EndpointPort appProtocol:str name:str? port:int protocol:str?
        PersistentVolumeClaim apiVersion:str kind:str metadata:ObjectMeta spec:PersistentVolumeClaimSpec{}
          status:PersistentVolumeClaimStatus{}
        PersistentVolumeClaimStatus accessModes:[str]? +allocatedResourceStatuses:{str}? +allocatedResources:{qty}?
          capacity:{qty}? conditions:[PersistentVolumeClaimCondition]map(type)? +currentVolumeAttributesClassName:str
          +healthStatus:VolumeHealthStatus +modifyVolumeStatus:ModifyVolumeStatus phase:str?
        PersistentVolumeClaimCondition lastProbeTime:time lastTransitionTime:time message:str? reason:str? status:str
          type:str
        """
}
