package unit

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// A probe is a probe of Kubernetes.
type probe struct {
	Exec             struct{ Command []string }
	PeriodSeconds    int `yaml:"periodSeconds"`
	FailureThreshold int `yaml:"failureThreshold"`
	TimeoutSeconds   int `yaml:"timeoutSeconds"`
}

// A deployment has the fields of a Deployment of Kubernetes that the file may have, and no others.
type deployment struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Replicas int
		Selector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		}
		Template struct {
			Metadata struct{ Labels, Annotations map[string]string }
			Spec     pod
		}
	}
}

type pod struct {
	Grace   int   `yaml:"terminationGracePeriodSeconds"`
	Token   *bool `yaml:"automountServiceAccountToken"`
	Links   *bool `yaml:"enableServiceLinks"`
	Context struct {
		NonRoot bool              `yaml:"runAsNonRoot"`
		User    int               `yaml:"runAsUser"`
		Group   int               `yaml:"runAsGroup"`
		FSGroup int               `yaml:"fsGroup"`
		Seccomp map[string]string `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Containers []container
	Volumes    []struct {
		Name   string
		Secret struct {
			Name string `yaml:"secretName"`
			Mode int    `yaml:"defaultMode"`
		}
	}
}

type container struct {
	Name, Image   string
	Command, Args []string
	Ports         []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	Context struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly     bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct{ Drop []string }
	} `yaml:"securityContext"`
	Resources struct{ Requests, Limits map[string]string }
	Startup   *probe `yaml:"startupProbe"`
	Live      *probe `yaml:"livenessProbe"`
	Ready     *probe `yaml:"readinessProbe"`
	Mounts    []struct {
		Name     string
		Path     string `yaml:"mountPath"`
		ReadOnly bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

// decode decodes the only document of text. A field that T does not have is an error, and so is a repeated one.
func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		t.Fatalf("more than one document: %v", err)
	}
	return v
}

// wantFlag fails unless a command line has a flag with a value.
func wantFlag(t *testing.T, args []string, flag, value string) {
	t.Helper()
	if at := slices.Index(args, flag); at < 0 || at+1 == len(args) || args[at+1] != value {
		t.Errorf("%q: want %s %q", args, flag, value)
	}
}

// doubled returns a value as Compose, and Kubernetes in arguments, must read it: $$ stands for $, and ${X} or $(X) for a variable.
func doubled(s string) string { return strings.Join(strings.Split(s, "$"), "$$") }

// TestKubernetes: the Deployment has exactly the known fields, and its values are those of the options.
func TestKubernetes(t *testing.T) {
	for name, o := range deployments() {
		d := decode[deployment](t, file(t, "k8s", o))
		spec := d.Spec.Template.Spec
		if d.APIVersion != "apps/v1" || d.Kind != "Deployment" || d.Metadata.Name != "factorfleet-"+o.Program || len(spec.Containers) != 1 {
			t.Fatalf("%s: %+v", name, d)
		}
		for label, value := range d.Spec.Selector.MatchLabels {
			if d.Spec.Template.Metadata.Labels[label] != value {
				t.Errorf("%s: the selector %s=%s does not select the pods", name, label, value)
			}
		}
		c := spec.Containers[0]
		if spec.Grace != o.Stop() || !spec.Context.NonRoot || spec.Context.User == 0 || *spec.Token || *c.Context.Escalation || !c.Context.ReadOnly ||
			!slices.Equal(c.Context.Capabilities.Drop, []string{"ALL"}) || c.Resources.Limits["memory"] == "" {
			t.Errorf("%s: %+v", name, spec)
		}
		full := o.withDefaults("k8s")
		if c.Image != full.Image || c.Args[0] != o.Command() {
			t.Errorf("%s: image %q, %q", name, c.Image, c.Args)
		}
		wantFlag(t, c.Args, "-s", doubled(full.Server))
		wantFlag(t, c.Ready.Exec.Command, "--address", o.Listen())
		if o.Creds != "" {
			wantFlag(t, c.Args, "--creds", c.Mounts[0].Path+"/nats.creds")
		}
		if len(spec.Volumes) != len(c.Mounts) {
			t.Errorf("%s: volumes %+v, mounts %+v", name, spec.Volumes, c.Mounts)
		}
		for i, v := range spec.Volumes {
			if v.Name != c.Mounts[i].Name || v.Secret.Mode != 0o440 || !c.Mounts[i].ReadOnly {
				t.Errorf("%s: %+v", name, spec.Volumes)
			}
		}
		if o.Scrape { // other pods reach it, so that there is a token
			wantFlag(t, c.Args, "--listen", ":"+o.Port())
			wantFlag(t, c.Args, "--web-token-file", c.Mounts[len(c.Mounts)-1].Path+"/token")
		} else {
			wantFlag(t, c.Args, "--listen", o.Listen())
		}
		if (c.Live == nil) != o.Serves() { // a supervisor is unhealthy while NATS is away: a restart does not help
			t.Errorf("%s: liveness probe %+v", name, c.Live)
		}
	}
}

// TestKEDA: one trigger for each durable that all workers pull from.
func TestKEDA(t *testing.T) {
	for name, o := range deployments() {
		if o.Serves() {
			continue
		}
		k := decode[struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string
			Metadata   struct{ Name string }
			Spec       struct {
				Target   map[string]string `yaml:"scaleTargetRef"`
				Min      *int              `yaml:"minReplicaCount"`
				Max      int               `yaml:"maxReplicaCount"`
				Polling  int               `yaml:"pollingInterval"`
				Cooldown int               `yaml:"cooldownPeriod"`
				Triggers []struct {
					Type     string
					Metadata struct {
						Endpoint   string `yaml:"natsServerMonitoringEndpoint"`
						Account    string
						Stream     string
						Consumer   string
						Lag        string `yaml:"lagThreshold"`
						Activation string `yaml:"activationLagThreshold"`
						HTTPS      string `yaml:"useHttps"`
					}
				}
			}
		}](t, file(t, "keda", o))
		if want := decode[deployment](t, file(t, "k8s", o)); k.Spec.Target["name"] != want.Metadata.Name || k.Spec.Target["kind"] != want.Kind {
			t.Errorf("%s: it scales %v", name, k.Spec.Target)
		}
		var durables []string
		for _, trigger := range k.Spec.Triggers {
			m := trigger.Metadata
			durables = append(durables, m.Consumer)
			if trigger.Type != "nats-jetstream" || m.Stream != "FACTOR_TASKS" || m.Account != o.withDefaults("keda").Account {
				t.Errorf("%s: %+v", name, trigger)
			}
		}
		if !slices.Equal(durables, []string{"workers-hi", "workers-norm", "workers-low"}) {
			t.Errorf("%s: durables %q", name, durables)
		}
	}
}

// A service is one of Docker Compose.
type service struct {
	Image, Restart, User string
	Build                string
	Init                 bool
	ReadOnly             bool     `yaml:"read_only"`
	Drop                 []string `yaml:"cap_drop"`
	Security             []string `yaml:"security_opt"`
	Secrets              []string
	Entrypoint, Command  []string
	Ports, Volumes       []string
	Depends              map[string]struct{ Condition string } `yaml:"depends_on"`
	Grace                string                                `yaml:"stop_grace_period"`
	Memory               string                                `yaml:"mem_limit"`
	CPUs                 int                                   `yaml:"cpus"`
	Health               *struct {
		Test              []string
		Interval, Timeout string
		Retries           int
		Start             string `yaml:"start_period"`
	} `yaml:"healthcheck"`
}

// TestCompose: three services, each with a check of its health, and no port that other machines can reach.
func TestCompose(t *testing.T) {
	for name, o := range deployments() {
		c := decode[struct {
			Name     string
			Program  service `yaml:"x-program"`
			Services map[string]service
			Volumes  map[string]struct{}
			Secrets  map[string]struct{ File string }
		}](t, file(t, "compose", o))
		full := o.withDefaults("compose")
		for _, program := range []string{"nats", "serve", "consumer"} {
			s, ok := c.Services[program]
			if !ok || s.Health == nil || s.Grace == "" {
				t.Fatalf("%s: %s: %+v", name, program, s)
			}
			if program == "nats" {
				continue
			}
			wantFlag(t, s.Command, "-s", doubled(full.Server))
			if s.Image != doubled(full.Image) || !s.ReadOnly || s.User != "65532:65532" || len(s.Ports) > 0 {
				t.Errorf("%s: %s: %+v", name, program, s)
			}
			if o.Creds != "" && c.Secrets[s.Secrets[0]].File != doubled(o.Creds) {
				t.Errorf("%s: secrets %+v", name, c.Secrets)
			}
		}
		for _, port := range c.Services["nats"].Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s", name, port)
			}
		}
	}
}

// TestDockerfile: the image has no shell, and its user is not root.
func TestDockerfile(t *testing.T) {
	for name, o := range deployments() {
		instructions := make(map[string][]string)
		for line := range strings.Lines(file(t, "docker", o)) {
			if word, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && word != "#" {
				instructions[word] = append(instructions[word], rest)
			}
		}
		if from := instructions["FROM"]; len(from) != 2 || !strings.HasSuffix(from[0], " AS build") || !strings.HasSuffix(from[1], ":nonroot") {
			t.Errorf("%s: FROM %q", name, from)
		}
		_, check, _ := strings.Cut(instructions["HEALTHCHECK"][0], "CMD ")
		for _, list := range []string{check, instructions["ENTRYPOINT"][0], instructions["CMD"][0]} {
			var words []string
			if err := json.Unmarshal([]byte(list), &words); err != nil || len(words) == 0 {
				t.Errorf("%s: %s: %v", name, list, err)
			}
		}
		if user := instructions["USER"]; !slices.Equal(user, []string{"65532:65532"}) {
			t.Errorf("%s: USER %q", name, user)
		}
	}
}
