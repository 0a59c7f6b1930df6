// Package v20170312 stands in for a cloud's client: each call fails and says that it is not built in.
package v20170312

import "errors"

var errNotBuiltIn = errors.New("this build has no client for Tencent Cloud")

// Client calls nothing.
type Client struct{}

// Filter narrows a list.
type Filter struct {
	Name   *string
	Values []*string
}

// Route is a row of a route table.
type Route struct {
	RouteId              *uint64
	DestinationCidrBlock *string
	GatewayType          *string
	GatewayId            *string
	RouteType            *string
	Enabled              *bool
}

// RouteTable holds routes.
type RouteTable struct {
	RouteTableId *string
	RouteSet     []*Route
}

// DescribeRouteTablesRequest asks for route tables.
type DescribeRouteTablesRequest struct{ Filters []*Filter }

// DescribeRouteTablesResponse would hold them.
type DescribeRouteTablesResponse struct {
	Response struct{ RouteTableSet []*RouteTable }
}

// RoutesRequest names routes to make or to delete.
type RoutesRequest struct {
	RouteTableId *string
	Routes       []*Route
}

// NewClientWithSecretId gives a client that can do nothing.
func NewClientWithSecretId(id, secret, region string) (*Client, error) { return nil, errNotBuiltIn }

// NewDescribeRouteTablesRequest gives an empty request.
func NewDescribeRouteTablesRequest() *DescribeRouteTablesRequest {
	return &DescribeRouteTablesRequest{}
}

// NewCreateRoutesRequest gives an empty request.
func NewCreateRoutesRequest() *RoutesRequest { return &RoutesRequest{} }

// NewDeleteRoutesRequest gives an empty request.
func NewDeleteRoutesRequest() *RoutesRequest { return &RoutesRequest{} }

// DescribeRouteTables fails.
func (*Client) DescribeRouteTables(*DescribeRouteTablesRequest) (*DescribeRouteTablesResponse, error) {
	return nil, errNotBuiltIn
}

// CreateRoutes fails.
func (*Client) CreateRoutes(*RoutesRequest) (*RoutesRequest, error) { return nil, errNotBuiltIn }

// DeleteRoutes fails.
func (*Client) DeleteRoutes(*RoutesRequest) (*RoutesRequest, error) { return nil, errNotBuiltIn }
