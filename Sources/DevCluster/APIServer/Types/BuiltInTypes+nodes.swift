extension BuiltInTypes {
    /// The types of Nodes.
    static let nodes = """
        Node apiVersion:str kind:str metadata:ObjectMeta spec:NodeSpec{} status:NodeStatus{}
        NodeSpec configSource:NodeConfigSource externalID:str? podCIDR:str? podCIDRs:[str]set?
          +podPreemptionPolicy:NodePodPreemptionPolicy providerID:str? taints:[Taint]? unschedulable:bool?
        NodeConfigSource configMap:ConfigMapNodeConfigSource
        ConfigMapNodeConfigSource kubeletConfigKey:str name:str namespace:str resourceVersion:str? uid:str?
        Taint effect:str key:str timeAdded:time value:str?
        NodeStatus addresses:[NodeAddress]map(type)? allocatable:{qty}? capacity:{qty}?
          conditions:[NodeCondition]map(type)? config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints{}
          +declaredFeatures:[str]? +features:NodeFeatures images:[ContainerImage]? nodeInfo:NodeSystemInfo{}
          phase:str? +runtimeHandlers:[NodeRuntimeHandler]? volumesAttached:[AttachedVolume]? volumesInUse:[str]?
        NodeAddress address:str type:str
        NodeCondition lastHeartbeatTime:time lastTransitionTime:time message:str? reason:str? status:str type:str
        NodeConfigStatus active:NodeConfigSource assigned:NodeConfigSource error:str? lastKnownGood:NodeConfigSource
        NodeDaemonEndpoints kubeletEndpoint:DaemonEndpoint{}
        DaemonEndpoint Port:int
        ContainerImage names:[str]{} sizeBytes:int?
        NodeSystemInfo architecture:str bootID:str containerRuntimeVersion:str kernelVersion:str kubeProxyVersion:str
          kubeletVersion:str machineID:str operatingSystem:str osImage:str +runningInUserNamespace:bool
          +swap:NodeSwapStatus systemUUID:str
        AttachedVolume devicePath:str name:str
        """
}
