// Package common stands in for a cloud's SDK that flannel links for one of its backends.
package common

// StringPtr points to a copy of a string.
func StringPtr(value string) *string { return &value }

// BoolPtr points to a copy of a truth value.
func BoolPtr(value bool) *bool { return &value }

// StringPtrs points to copies of strings.
func StringPtrs(values []string) []*string {
	var pointers []*string
	for _, value := range values {
		pointers = append(pointers, &value)
	}
	return pointers
}
