extension BuiltInTypes {
    /// The types of Pods.
    static let pods = """
        Pod apiVersion:str kind:str metadata:ObjectMeta spec:PodSpec{} status:PodStatus{}
        PodSpec activeDeadlineSeconds:int affinity:Affinity automountServiceAccountToken:bool
          containers:[Container]map(name){} dnsConfig:PodDNSConfig dnsPolicy:str? enableServiceLinks:bool
          ephemeralContainers:[EphemeralContainer]map(name)? +evictionResponders:[EvictionResponder]?
          hostAliases:[HostAlias]map(ip)? hostIPC:bool? hostNetwork:bool? hostPID:bool? +hostUsers:bool hostname:str?
          +hostnameOverride:str imagePullSecrets:[LocalObjectReference]map(name)? initContainers:[Container]map(name)?
          nodeName:str? nodeSelector:{str}+!? +os:PodOS overhead:{qty}? preemptionPolicy:str priority:int
          priorityClassName:str? readinessGates:[PodReadinessGate]? +resourceClaims:[PodResourceClaim]map(name)?
          +resources:ResourceRequirements restartPolicy:str? runtimeClassName:str schedulerName:str?
          +schedulingGates:[PodSchedulingGate]map(name)? +schedulingGroup:PodSchedulingGroup
          securityContext:PodSecurityContext serviceAccount:str? serviceAccountName:str? setHostnameAsFQDN:bool
          shareProcessNamespace:bool subdomain:str? terminationGracePeriodSeconds:int tolerations:[Toleration]?
          topologySpreadConstraints:[TopologySpreadConstraint]map(topologyKey,whenUnsatisfiable)merge(topologyKey)?
          volumes:[Volume]map(name)?
        Affinity nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
        NodeAffinity preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]?
          requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
        PreferredSchedulingTerm preference:NodeSelectorTerm{} weight:int
        NodeSelectorTerm!+ matchExpressions:[NodeSelectorRequirement]? matchFields:[NodeSelectorRequirement]?
        NodeSelectorRequirement key:str operator:str values:[str]?
        NodeSelector!+ nodeSelectorTerms:[NodeSelectorTerm]{}
        PodAffinity preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]?
          requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]?
        WeightedPodAffinityTerm podAffinityTerm:PodAffinityTerm{} weight:int
        PodAffinityTerm labelSelector:LabelSelector +matchLabelKeys:[str]? +mismatchLabelKeys:[str]?
          +namespaceSelector:LabelSelector namespaces:[str]? topologyKey:str
        LabelSelector! matchExpressions:[LabelSelectorRequirement]? matchLabels:{str}?
        LabelSelectorRequirement key:str operator:str values:[str]?
        PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]?
          requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]?
        Container args:[str]? command:[str]? env:[EnvVar]map(name)? envFrom:[EnvFromSource]? image:str?
          imagePullPolicy:str? lifecycle:Lifecycle livenessProbe:Probe name:str
          ports:[ContainerPort]map(containerPort,protocol)merge(containerPort)? readinessProbe:Probe
          +resizePolicy:[ContainerResizePolicy]? resources:ResourceRequirements{} +restartPolicy:str
          +restartPolicyRules:[ContainerRestartRule]? securityContext:SecurityContext startupProbe:Probe stdin:bool?
          stdinOnce:bool? terminationMessagePath:str? terminationMessagePolicy:str? tty:bool?
          volumeDevices:[VolumeDevice]map(devicePath)? volumeMounts:[VolumeMount]map(mountPath)? workingDir:str?
        EnvVar name:str value:str? valueFrom:EnvVarSource
        EnvVarSource configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector +fileKeyRef:FileKeySelector
          resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector
        ConfigMapKeySelector!+ key:str name:str? optional:bool
        ObjectFieldSelector!+ apiVersion:str? fieldPath:str
        ResourceFieldSelector!+ containerName:str? divisor:qty resource:str
        SecretKeySelector!+ key:str name:str? optional:bool
        EnvFromSource configMapRef:ConfigMapEnvSource prefix:str? secretRef:SecretEnvSource
        ConfigMapEnvSource name:str? optional:bool
        SecretEnvSource name:str? optional:bool
        Lifecycle postStart:Handler preStop:Handler +stopSignal:str
        Handler exec:ExecAction httpGet:HTTPGetAction +sleep:SleepAction tcpSocket:TCPSocketAction
        ExecAction command:[str]?
        HTTPGetAction host:str? httpHeaders:[HTTPHeader]? path:str? port:ios +protocol:str scheme:str?
        HTTPHeader name:str value:str
        TCPSocketAction host:str? port:ios
        Probe +_exec:ExecAction exec:ExecAction failureThreshold:int? +grpc:GRPCAction httpGet:HTTPGetAction
          initialDelaySeconds:int? periodSeconds:int? successThreshold:int? tcpSocket:TCPSocketAction
          +terminationGracePeriodSeconds:int timeoutSeconds:int?
        ContainerPort containerPort:int hostIP:str? hostPort:int? name:str? protocol:str=TCP
        ResourceRequirements +claims:[ContainerResourceClaim]map(name)? limits:{qty}? requests:{qty}?
        SecurityContext allowPrivilegeEscalation:bool +appArmorProfile:AppArmorProfile capabilities:Capabilities
          privileged:bool procMount:str readOnlyRootFilesystem:bool runAsGroup:int runAsNonRoot:bool runAsUser:int
          seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions
        Capabilities add:[str]? drop:[str]?
        SELinuxOptions level:str? role:str? type:str? user:str?
        SeccompProfile localhostProfile:str type:str
        WindowsSecurityContextOptions gmsaCredentialSpec:str gmsaCredentialSpecName:str +hostProcess:bool
          runAsUserName:str
        VolumeDevice devicePath:str name:str
        VolumeMount +bindMountOptions:[str]? mountPath:str mountPropagation:str name:str readOnly:bool?
          +recursiveReadOnly:str subPath:str? subPathExpr:str?
        PodDNSConfig nameservers:[str]? options:[PodDNSConfigOption]? searches:[str]?
        PodDNSConfigOption name:str? value:str
        EphemeralContainer args:[str]? command:[str]? env:[EnvVar]map(name)? envFrom:[EnvFromSource]? image:str?
          imagePullPolicy:str? lifecycle:Lifecycle livenessProbe:Probe name:str ports:[ContainerPort]?
          readinessProbe:Probe +resizePolicy:[ContainerResizePolicy]? resources:ResourceRequirements{}
          +restartPolicy:str +restartPolicyRules:[ContainerRestartRule]? securityContext:SecurityContext
          startupProbe:Probe stdin:bool? stdinOnce:bool? targetContainerName:str? terminationMessagePath:str?
          terminationMessagePolicy:str? tty:bool? volumeDevices:[VolumeDevice]map(devicePath)?
          volumeMounts:[VolumeMount]map(mountPath)? workingDir:str?
        HostAlias hostnames:[str]? ip:str?
        LocalObjectReference!+ name:str?
        PodReadinessGate conditionType:str
        PodSecurityContext +appArmorProfile:AppArmorProfile fsGroup:int fsGroupChangePolicy:str runAsGroup:int
          runAsNonRoot:bool runAsUser:int +seLinuxChangePolicy:str seLinuxOptions:SELinuxOptions
          seccompProfile:SeccompProfile supplementalGroups:[int]? +supplementalGroupsPolicy:str sysctls:[Sysctl]?
          windowsOptions:WindowsSecurityContextOptions
        Sysctl name:str value:str
        Toleration effect:str? key:str? operator:str? tolerationSeconds:int value:str?
        TopologySpreadConstraint labelSelector:LabelSelector +matchLabelKeys:[str]? maxSkew:int +minDomains:int
          +nodeAffinityPolicy:str +nodeTaintsPolicy:str topologyKey:str whenUnsatisfiable:str
        Volume awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource
          azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource
          configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource
          emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource
          flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource
          glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource +image:ImageVolumeSource
          iscsi:ISCSIVolumeSource name:str nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource
          photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource
          projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource
          secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
        PodStatus +allocatedResources:{qty}? conditions:[PodCondition]map(type)? containerStatuses:[ContainerStatus]?
          ephemeralContainerStatuses:[ContainerStatus]? +extendedResourceClaimStatus:PodExtendedResourceClaimStatus
          hostIP:str? +hostIPs:[HostIP]? initContainerStatuses:[ContainerStatus]? message:str?
          +nodeAllocatableResourceClaimStatuses:[NodeAllocatableResourceClaimStatus]? nominatedNodeName:str?
          +observedGeneration:int phase:str? podIP:str? podIPs:[PodIP]map(ip)? qosClass:str? reason:str? +resize:str
          +resourceClaimStatuses:[PodResourceClaimStatus]map(name)? +resources:ResourceRequirements startTime:time
          +volumeHealth:[PodVolumeHealth]?
        PodCondition lastProbeTime:time lastTransitionTime:time message:str? +observedGeneration:int reason:str?
          status:str type:str
        ContainerStatus +allocatedResources:{qty}? +allocatedResourcesStatus:[ResourceStatus]? containerID:str?
          image:str imageID:str lastState:ContainerState{} name:str ready:bool +resources:ResourceRequirements
          restartCount:int started:bool state:ContainerState{} +stopSignal:str +user:ContainerUser
          +volumeMounts:[VolumeMountStatus]?
        ContainerState running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting
        ContainerStateRunning startedAt:time
        ContainerStateTerminated containerID:str? exitCode:int finishedAt:time message:str? reason:str? signal:int?
          startedAt:time
        ContainerStateWaiting message:str? reason:str?
        PodIP ip:str?
        """
}
