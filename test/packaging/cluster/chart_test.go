package cluster

import (
	"bytes"
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

var write = flag.Bool("write", false, "write the plain manifests of dist/kubernetes anew")

// root is the root of the repository.
const root = "../../.."

// plain is the folder of the manifests for those who have no Helm.
var plain = filepath.Join(root, "dist", "kubernetes")

// cluster plays the API server for the template function lookup: it has one StatefulSet,
// or none for zero replicas.
type cluster struct {
	dynamic.NamespaceableResourceInterface
	replicas int64
	// keys is what the Secret has from before; empty for no Secret.
	keys string
	kind string
}

func (c cluster) GetClientFor(_, kind string) (dynamic.NamespaceableResourceInterface, bool,
	error) {
	c.kind = kind
	return c, true, nil
}

func (c cluster) Namespace(string) dynamic.ResourceInterface { return c }

func (c cluster) Get(context.Context, string, meta.GetOptions, ...string,
) (*unstructured.Unstructured, error) {
	object := map[string]any{}
	switch {
	case c.kind == "Secret" && c.keys != "":
		object["data"] = map[string]any{
			"keys": base64.StdEncoding.EncodeToString([]byte(c.keys))}
	case c.kind == "StatefulSet" && c.replicas != 0:
		object["spec"] = map[string]any{"replicas": c.replicas}
	}
	return &unstructured.Unstructured{Object: object}, nil
}

// render makes the chart's files with values in YAML, in a cluster that runs something.
func render(t *testing.T, values string, running cluster) (map[string]string, error) {
	t.Helper()
	chart, err := loader.Load(filepath.Join(root, "dist", "helm", "zoo"))
	if err != nil {
		t.Fatal(err)
	}
	given, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{
		Name: "zoo", Namespace: "default", IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	return engine.RenderWithClientProvider(chart, all, running)
}

// release is what a chart makes, by kind.
type release struct {
	set      *apps.StatefulSet
	config   *core.ConfigMap
	secret   *core.Secret
	budget   *policy.PodDisruptionBudget
	firewall *networking.NetworkPolicy
	job      *batch.Job
	services []*core.Service
}

// kinds are what a manifest may be.
func kinds() map[string]any {
	return map[string]any{
		"apps/v1/StatefulSet": &apps.StatefulSet{}, "v1/ConfigMap": &core.ConfigMap{},
		"v1/Secret": &core.Secret{}, "v1/Service": &core.Service{}, "batch/v1/Job": &batch.Job{},
		"policy/v1/PodDisruptionBudget":      &policy.PodDisruptionBudget{},
		"networking.k8s.io/v1/NetworkPolicy": &networking.NetworkPolicy{},
	}
}

// decode reads one manifest; a field that Kubernetes does not know is an error, as is one
// that is there twice.
func decode(text string) (any, error) {
	var kind meta.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &kind); err != nil {
		return nil, err
	}
	object, known := kinds()[kind.APIVersion+"/"+kind.Kind]
	if !known {
		return nil, fmt.Errorf("kind %v is not expected", kind)
	}
	return object, yaml.UnmarshalStrict([]byte(text), object)
}

// documents cuts a file of YAML into its manifests.
func documents(text string) []string {
	var all []string
	for _, part := range strings.Split("\n"+text, "\n---\n") {
		if strings.Contains(part, "\nkind:") { // Or else there are only comments.
			all = append(all, strings.TrimSpace(part)+"\n")
		}
	}
	return all
}

// install renders a release and decodes it.
func install(t *testing.T, values string) *release {
	t.Helper()
	return upgrade(t, values, cluster{})
}

// upgrade renders and decodes a release in a cluster that runs something.
func upgrade(t *testing.T, values string, running cluster) *release {
	t.Helper()
	files, err := render(t, values, running)
	if err != nil {
		t.Fatal(err)
	}
	r := &release{}
	for name, text := range files {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for _, document := range documents(text) {
			object, err := decode(document)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, document)
			}
			r.take(object)
		}
	}
	return r
}

func (r *release) take(object any) {
	switch o := object.(type) {
	case *apps.StatefulSet:
		r.set = o
	case *core.ConfigMap:
		r.config = o
	case *core.Secret:
		r.secret = o
	case *policy.PodDisruptionBudget:
		r.budget = o
	case *networking.NetworkPolicy:
		r.firewall = o
	case *batch.Job:
		r.job = o
	case *core.Service:
		r.services = append(r.services, o)
	}
}

// variants are values that use every branch of the templates.
var variants = map[string]string{
	"as it comes": "",
	"all of it": `
nameOverride: coordination
replicas: 5
image: {repository: registry.example/zoo, tag: v1, pullPolicy: Always}
imagePullSecrets: [{name: pull}]
config: {tickTime: 1000, maxClientCnxns: 1000000, quorumListenOnAllIPs: false, forceSync: "yes"}
service: {type: LoadBalancer, annotations: {a: b}}
operator: {existingSecret: who}
persistence: {storageClass: fast, log: {enabled: true, storageClass: faster}}
antiAffinity: soft
zoneKey: ""
nodeSelector: {disk: nvme}
tolerations: [{key: zoo, operator: Exists}]
priorityClassName: system-cluster-critical
podAnnotations: {c: d}
networkPolicy:
  clientsFrom: [{namespaceSelector: {matchLabels: {team: a}}}]
  metricsFrom: [{namespaceSelector: {}}]
`,
	"one alone": "{replicas: 1, metrics: false, leaderLast: false, " +
		"networkPolicy: {enabled: false}}",
}

// Kubernetes drops fields that it does not know without a word, and a selector that meets
// no pod, or a port by a name that is nowhere, only shows when it is needed.
func TestEverythingThatTheChartNamesIsThere(t *testing.T) {
	for title, values := range variants {
		t.Run(title, func(t *testing.T) {
			r := install(t, values)
			pod := r.set.Spec.Template
			r.selectsServers(t, "the set", r.set.Spec.Selector)
			r.selectsServers(t, "the budget", r.budget.Spec.Selector)
			for _, s := range r.services {
				r.selectsServers(t, s.Name, &meta.LabelSelector{MatchLabels: s.Spec.Selector})
				for _, p := range s.Spec.Ports {
					r.hasPort(t, s.Name, p.TargetPort)
				}
			}
			if r.firewall != nil {
				r.selectsServers(t, "the firewall", &r.firewall.Spec.PodSelector)
				r.admitsItsOwn(t)
			}
			server := pod.Spec.Containers[0]
			r.hasPort(t, "liveness", server.LivenessProbe.HTTPGet.Port)
			r.hasPort(t, "readiness", server.ReadinessProbe.HTTPGet.Port)
			checkMounts(t, pod.Spec, r.set.Spec.VolumeClaimTemplates)
			if r.job != nil {
				checkMounts(t, r.job.Spec.Template.Spec, nil)
			}
		})
	}
}

func (r *release) selectsServers(t *testing.T, who string, selector *meta.LabelSelector) {
	t.Helper()
	s, err := meta.LabelSelectorAsSelector(selector)
	if err != nil || s.Empty() || !s.Matches(labels.Set(r.set.Spec.Template.Labels)) {
		t.Errorf("%s selects %v (%v), which is no server", who, s, err)
	}
	if r.job != nil && s.Matches(labels.Set(r.job.Spec.Template.Labels)) {
		t.Errorf("%s selects the pod of the job", who)
	}
}

// admitsItsOwn wants the servers and the job to reach every port of the servers.
func (r *release) admitsItsOwn(t *testing.T) {
	t.Helper()
	last := r.firewall.Spec.Ingress[len(r.firewall.Spec.Ingress)-1]
	for _, rule := range r.firewall.Spec.Ingress {
		for _, p := range rule.Ports {
			r.hasPort(t, "the firewall", *p.Port)
		}
	}
	own, err := meta.LabelSelectorAsSelector(last.From[0].PodSelector)
	if err != nil || !own.Matches(labels.Set(r.set.Spec.Template.Labels)) ||
		r.job != nil && !own.Matches(labels.Set(r.job.Spec.Template.Labels)) {
		t.Errorf("the firewall keeps pods of the release out: %v, %v", own, err)
	}
}

func (r *release) hasPort(t *testing.T, who string, port intstr.IntOrString) {
	t.Helper()
	if !slices.ContainsFunc(r.set.Spec.Template.Spec.Containers[0].Ports,
		func(p core.ContainerPort) bool {
			return p.Name == port.StrVal || port.IntVal != 0 && p.ContainerPort == port.IntVal
		}) {
		t.Errorf("%s: there is no port %v", who, &port)
	}
}

// checkMounts wants a volume for each mount, and a mount for each volume.
func checkMounts(t *testing.T, pod core.PodSpec, claims []core.PersistentVolumeClaim) {
	t.Helper()
	var volumes, mounts []string
	for _, v := range pod.Volumes {
		volumes = append(volumes, v.Name)
	}
	for _, c := range claims {
		volumes = append(volumes, c.Name)
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		mounts = append(mounts, m.Name)
	}
	slices.Sort(volumes)
	slices.Sort(mounts)
	if !slices.Equal(volumes, mounts) {
		t.Errorf("volumes %v, mounts %v", volumes, mounts)
	}
}

// What keeps an ensemble from serving, or data from living, if it is not so.
func TestTheSetIsFitForAnEnsemble(t *testing.T) {
	r := install(t, variants["all of it"])
	s := r.set.Spec
	if s.PodManagementPolicy != apps.ParallelPodManagement {
		t.Error("pods wait for each other: the first one is never ready alone")
	}
	if s.Ordinals == nil || s.Ordinals.Start != 1 {
		t.Error("ordinals do not start with 1, the first id")
	}
	headless := slices.IndexFunc(r.services, func(x *core.Service) bool {
		return x.Name == s.ServiceName
	})
	if headless < 0 || r.services[headless].Spec.ClusterIP != core.ClusterIPNone ||
		!r.services[headless].Spec.PublishNotReadyAddresses {
		t.Error("servers do not find each other before they are ready")
	}
	if p := s.PersistentVolumeClaimRetentionPolicy; p == nil ||
		p.WhenDeleted != apps.RetainPersistentVolumeClaimRetentionPolicyType ||
		p.WhenScaled != apps.RetainPersistentVolumeClaimRetentionPolicyType {
		t.Error("volumes go with their pods")
	}
	pod := s.Template.Spec
	if *pod.TerminationGracePeriodSeconds <= 60 {
		t.Error("a server is killed before it may be drained")
	}
	if !*pod.SecurityContext.RunAsNonRoot ||
		!*pod.Containers[0].SecurityContext.ReadOnlyRootFilesystem {
		t.Error("the container may more than it needs")
	}
	if got := r.budget.Spec.MaxUnavailable.IntValue(); got != 1 {
		t.Errorf("%d servers may be away at once", got)
	}
}

// zoo.cfg names every pod by the name that Kubernetes gives it, and the values come over
// what the chart says itself, also where they are false.
func TestTheConfigurationIsThatOfTheValues(t *testing.T) {
	cfg := install(t, variants["all of it"]).config.Data["zoo.cfg"]
	for _, line := range []string{
		"server.5=zoo-coordination-5.zoo-coordination-headless.default.svc.cluster.local" +
			":2888:3888;2181",
		"tickTime=1000", "maxClientCnxns=1000000", "quorumListenOnAllIPs=false", "forceSync=yes",
		"dataLogDir=/log", "initLimit=30",
	} {
		if !slices.Contains(strings.Split(cfg, "\n"), line) {
			t.Errorf("there is no line %s in\n%s", line, cfg)
		}
	}
	if strings.Contains(cfg, "server.6") || strings.Contains(cfg, "server.0") {
		t.Errorf("somebody too many:\n%s", cfg)
	}
}

// The plot: a release is installed, and then upgraded. Its admin port has a key that nobody can
// guess and that stays; one that is given is taken.
func TestTheAdminPortHasAKeyOfItsOwn(t *testing.T) {
	first, second := install(t, "").secret, install(t, "").secret
	token := strings.TrimPrefix(first.StringData["authorization"], "Bearer ")
	if len(token) < 32 || first.StringData["keys"] != "token "+token+"\n" {
		t.Errorf("got %q", first.StringData)
	}
	if first.StringData["keys"] == second.StringData["keys"] {
		t.Error("two releases have the same key")
	}
	later := upgrade(t, "", cluster{replicas: 3, keys: first.StringData["keys"]}).secret
	if !maps.Equal(later.StringData, first.StringData) {
		t.Errorf("an upgrade has another key: %q, %q", first.StringData, later.StringData)
	}
	given := upgrade(t, "operator: {token: 0123456789abcdef}",
		cluster{replicas: 3, keys: first.StringData["keys"]}).secret
	if given.StringData["authorization"] != "Bearer 0123456789abcdef" {
		t.Errorf("got %q", given.StringData)
	}
	r := install(t, "operator: {existingSecret: mine}")
	volumes := r.set.Spec.Template.Spec.Volumes
	if r.secret != nil || volumes[len(volumes)-1].Secret.SecretName != "mine" {
		t.Errorf("got %v, %v", r.secret, volumes)
	}
	cfg := r.config.Data["zoo.cfg"]
	if !strings.Contains(cfg, "admin.keysFile=/operator/keys\n") ||
		strings.Contains(cfg, "admin.open") {
		t.Errorf("got %s", cfg)
	}
}

// Quorums of three and of five voters need not overlap while both configurations are in
// use: two leaders could serve.
func TestMoreThanOneVoterAtOnceIsRefused(t *testing.T) {
	for _, c := range []struct {
		before int64
		after  int
		good   bool
	}{{3, 3, true}, {3, 4, true}, {3, 2, true}, {3, 5, false}, {5, 3, false}, {0, 5, true}} {
		_, err := render(t, fmt.Sprintf("replicas: %d", c.after), cluster{replicas: c.before})
		if (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "one voter") {
			t.Errorf("from %d to %d: %v", c.before, c.after, err)
		}
	}
}

// A value that is misspelled would be without effect, and nobody would know.
func TestValuesThatTheChartDoesNotKnowAreRefused(t *testing.T) {
	for _, values := range []string{
		"replica: 3", "replicas: three", "replicas: 0", "antiAffinity: none",
		"persistence: {sice: 1Gi}", "operator: {token: short}", "config: {tickTime: [1]}",
	} {
		if _, err := render(t, values, cluster{}); err == nil {
			t.Errorf("%s is taken", values)
		}
	}
}

// managed are the labels of what Helm looks after.
var managed = regexp.MustCompile(`(?m)^ *(app.kubernetes.io/managed-by|helm.sh/chart): .*\n`)

// plainValues are those of the plain manifests: a Secret in them would be everybody's.
const plainValues = "operator: {existingSecret: zoo-operator}"

// The plain manifests are what the chart makes by itself, but for the key to the admin port:
// there is one source.
func TestThePlainManifestsAreThoseOfTheChart(t *testing.T) {
	files, err := render(t, plainValues, cluster{})
	if err != nil {
		t.Fatal(err)
	}
	const source = "# Made from dist/helm/zoo by its test; see docs/operate/deploy.md.\n"
	ensemble := bytes.NewBufferString("# The ensemble without Helm: " +
		"kubectl apply -f ensemble.yaml, once there is a Secret\n" +
		"# zoo-operator with the keys of the admin port.\n" + source)
	upgrade := bytes.NewBufferString("# Before an upgrade: kubectl create -f leader-last.yaml; " +
		"kubectl wait --for=condition=complete job/zoo-leader-last\n" + source)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		out := ensemble
		if strings.HasSuffix(name, "/leaderlast.yaml") {
			out = upgrade
		}
		for _, document := range documents(files[name]) {
			fmt.Fprintf(out, "---\n%s", managed.ReplaceAllString(document, ""))
		}
	}
	golden(t, "ensemble.yaml", ensemble.Bytes())
	golden(t, "leader-last.yaml", upgrade.Bytes())
}

func golden(t *testing.T, name string, want []byte) {
	t.Helper()
	file := filepath.Join(plain, name)
	if *write {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the chart makes (%v): go test -run Plain -write .", file, err)
	}
	for _, document := range documents(string(got)) {
		if _, err := decode(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
