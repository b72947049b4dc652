package main

import (
	"encoding/json"

	jsonutil "github.com/argoproj/gitops-engine/pkg/utils/json"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
)

// pair is a manifest and what the cluster has of it.
type pair struct {
	Target *unstructured.Unstructured `json:"target"`
	Live   *unstructured.Unstructured `json:"live"`
}

type comparison struct {
	Synced bool `json:"synced"`
}

// compare says whether a custom resource is in sync as Argo CD judges without server-side diff: a three-way merge patch
// must change nothing. It does what ThreeWayDiff of gitops-engine v0.7.3 does for kinds that it does not know, where the
// manifest is also what was applied last.
func compare(given pair) (comparison, error) {
	target, err := json.Marshal(given.Target)
	if err != nil {
		return comparison{}, err
	}
	known, err := json.Marshal(jsonutil.RemoveMapFields(given.Target.Object, given.Live.Object))
	if err != nil {
		return comparison{}, err
	}
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(target, target, known)
	if err != nil {
		return comparison{}, err
	}
	live, err := json.Marshal(given.Live)
	if err != nil {
		return comparison{}, err
	}
	patched, err := jsonpatch.MergePatch(live, patch)
	if err != nil {
		return comparison{}, err
	}
	var predicted unstructured.Unstructured
	if err := json.Unmarshal(patched, &predicted); err != nil {
		return comparison{}, err
	}
	return comparison{Synced: equality.Semantic.DeepEqual(predicted.Object, given.Live.Object)}, nil
}
