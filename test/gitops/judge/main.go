// Judge says what Argo CD, Flux and kstatus make of DistillationJobs, by their own libraries where those can be had.
//
// It reads one question as JSON and answers as JSON, with one entry for each object or pair:
//
//	{"lua": "...", "flux": {"result": {"current": "..."}}, "objects": [...], "pairs": [{"target": ..., "live": ...}]}
//	{"objects": [{"argo": ..., "kstatus": ..., "flux": {"result": ...}}], "pairs": [{"synced": true}]}
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/pkg/apis/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type question struct {
	Lua     string                                      `json:"lua"`
	Flux    map[string]kustomize.HealthCheckExpressions `json:"flux"`
	Objects []*unstructured.Unstructured                `json:"objects"`
	Pairs   []pair                                      `json:"pairs"`
}

type answer struct {
	Objects []verdict    `json:"objects"`
	Pairs   []comparison `json:"pairs"`
}

type verdict struct {
	Argo    judgement            `json:"argo"`
	Kstatus judgement            `json:"kstatus"`
	Flux    map[string]judgement `json:"flux"`
}

// judgement is a tool's word for an object, or why it has none.
type judgement struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return fmt.Errorf("the question is no JSON: %w", err)
	}
	evaluators, err := fluxEvaluators(asked.Flux)
	if err != nil {
		return err
	}
	said := answer{Objects: []verdict{}, Pairs: []comparison{}}
	for _, object := range asked.Objects {
		said.Objects = append(said.Objects, verdict{
			Argo:    argoHealth(object, asked.Lua),
			Kstatus: kstatusOf(object),
			Flux:    fluxHealth(context.Background(), object, evaluators),
		})
	}
	for _, each := range asked.Pairs {
		compared, err := compare(each)
		if err != nil {
			return err
		}
		said.Pairs = append(said.Pairs, compared)
	}
	return json.NewEncoder(os.Stdout).Encode(said)
}
