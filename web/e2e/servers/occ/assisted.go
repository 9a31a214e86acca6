package main

import (
	"net/http"
	"slices"
	"strings"
)

// assisted is what is below /assistedservicewebservices/: an agent's token, and no other.
func (s *server) assisted() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /assistedservicewebservices/customers/search", s.serve(agents(s.search)))
	mux.HandleFunc("GET /assistedservicewebservices/customer-lists", s.serve(agents(s.customerLists)))
	mux.HandleFunc("POST /assistedservicewebservices/bind-cart", s.serve(agents(s.bindCart)))
	mux.HandleFunc("/assistedservicewebservices/", s.serve(agents(nowhere)))
	return mux
}

func agents(work route) route {
	return func(c *call) (int, map[string]any, *refusal) {
		switch c.caller.kind {
		case "agent":
			return work(c)
		case "none":
			return 0, nil, unauthorized()
		}
		return 0, nil, forbidden()
	}
}

func (s *server) search(c *call) (int, map[string]any, *refusal) {
	query := strings.ToLower(c.r.URL.Query().Get("query"))
	list := []map[string]any{}
	for _, a := range s.users.byName {
		if !a.agent && (a.site != "") == sites[c.site] && strings.Contains(strings.ToLower(a.name+" "+a.display), query) {
			list = append(list, map[string]any{"uid": a.name, "customerId": a.customerID, "name": a.display})
		}
	}
	slices.SortFunc(list, func(a, b map[string]any) int { return strings.Compare(a["uid"].(string), b["uid"].(string)) })
	return http.StatusOK, c.told(map[string]any{"entries": list}), nil
}

func (s *server) customerLists(c *call) (int, map[string]any, *refusal) {
	return http.StatusOK, c.told(map[string]any{"userGroups": []map[string]any{{"uid": "recent", "name": "Recent"}}}), nil
}

// bindCart gives an anonymous cart to a customer, who are both named in the query.
func (s *server) bindCart(c *call) (int, map[string]any, *refusal) {
	query := c.r.URL.Query()
	one, customer := s.users.carts[query.Get("cartId")], s.users.find(query.Get("customerId"), c.site)
	if one == nil || one.owner != nil || customer == nil || customer.agent {
		return 0, nil, unknown("There is no such cart, or no such customer")
	}
	one.owner = customer
	return http.StatusOK, nil, nil
}
