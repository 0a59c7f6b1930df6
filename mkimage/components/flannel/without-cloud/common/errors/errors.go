// Package errors has the error that the stand-in's callers look for.
package errors

// TencentCloudSDKError is what the cloud would answer; nothing here makes one.
type TencentCloudSDKError struct{}

func (*TencentCloudSDKError) Error() string { return "this build has no client for Tencent Cloud" }
