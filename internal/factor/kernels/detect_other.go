//go:build !amd64 || purego

package kernels

func detect() features { return features{level: Plain} }
