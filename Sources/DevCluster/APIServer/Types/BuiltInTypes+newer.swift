extension BuiltInTypes {
    /// The types of those that came after 1.20.
    static let newer = """
        EvictionResponder name:str priority:int
        PodOS name:str
        PodResourceClaim name:str resourceClaimName:str resourceClaimTemplateName:str
        PodSchedulingGate name:str
        PodSchedulingGroup podGroupName:str
        ContainerResizePolicy resourceName:str restartPolicy:str
        ContainerRestartRule action:str exitCodes:ContainerRestartRuleOnExitCodes
        ContainerRestartRuleOnExitCodes operator:str values:[int]?
        FileKeySelector key:str optional:bool path:str volumeName:str
        GRPCAction mode:str port:int service:str
        ContainerResourceClaim name:str request:str
        AppArmorProfile localhostProfile:str type:str
        ImageVolumeSource pullPolicy:str reference:str
        TypedObjectReference apiGroup:str kind:str name:str namespace:str
        ClusterTrustBundleProjection labelSelector:LabelSelector name:str optional:bool path:str signerName:str
          user:int
        PodCertificateProjection certificateChainPath:str credentialBundlePath:str keyPath:str keyType:str
          maxExpirationSeconds:int signerName:str user:int userAnnotations:{str}?
        PodExtendedResourceClaimStatus requestMappings:[ContainerExtendedResourceRequest]? resourceClaimName:str
        ContainerExtendedResourceRequest containerName:str requestName:str resourceName:str
        HostIP ip:str
        NodeAllocatableResourceClaimStatus containers:[str]? mapping:[NodeAllocatableMappedResources]?
          overhead:[NodeAllocatableOverheadResources]? resourceClaimName:str
        NodeAllocatableMappedResources name:str quantity:str
        NodeAllocatableOverheadResources name:str perContainer:str perPod:str
        PodResourceClaimStatus name:str resourceClaimName:str
        PodVolumeHealth healthConditions:[VolumeHealthCondition]? lastTransitionTime:time name:str
        VolumeHealthCondition message:str reason:str status:str
        ResourceStatus name:str resources:[ResourceHealth]?
        ResourceHealth health:str message:str resourceID:str
        ContainerUser linux:LinuxContainerUser
        LinuxContainerUser gid:int supplementalGroups:[int]? uid:int
        VolumeMountStatus mountPath:str name:str readOnly:bool recursiveReadOnly:str volumeStatus:VolumeStatus
        VolumeStatus image:ImageVolumeStatus
        ImageVolumeStatus imageRef:str
        NodePodPreemptionPolicy disableResizePreemption:[str]?
        NodeFeatures supplementalGroupsPolicy:bool
        NodeRuntimeHandler features:NodeRuntimeHandlerFeatures name:str
        NodeRuntimeHandlerFeatures recursiveReadOnlyMounts:bool userNamespaces:bool
        NodeSwapStatus capacity:int
        VolumeHealthStatus healthConditions:[VolumeHealthCondition]? lastTransitionTime:time
        ModifyVolumeStatus status:str targetVolumeAttributesClassName:str
        StatefulSetOrdinals start:int
        StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:str whenScaled:str
        PodFailurePolicy rules:[PodFailurePolicyRule]?
        PodFailurePolicyRule action:str onExitCodes:PodFailurePolicyOnExitCodesRequirement
          onPodConditions:[PodFailurePolicyOnPodConditionsPattern]?
        PodFailurePolicyOnExitCodesRequirement containerName:str operator:str values:[int]?
        PodFailurePolicyOnPodConditionsPattern status:str type:str
        SuccessPolicy rules:[SuccessPolicyRule]?
        SuccessPolicyRule succeededCount:int succeededIndexes:str
        UncountedTerminatedPods failed:[str]? succeeded:[str]?
        EndpointHints forNodes:[ForNode]? forZones:[ForZone]?
        ForNode name:str
        ForZone name:str
        SleepAction seconds:int
        """
}
