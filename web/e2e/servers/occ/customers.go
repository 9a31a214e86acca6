package main

import (
	"maps"
	"net/http"
)

func (s *server) profile(c *call) (int, map[string]any, *refusal) {
	if c.subject == nil {
		return http.StatusOK, c.told(map[string]any{"uid": "anonymous"}), nil
	}
	body := map[string]any{
		"uid": c.subject.name, "displayUid": c.subject.uid(), "customerId": c.subject.customerID, "name": c.subject.display,
	}
	maps.Copy(body, c.subject.details)
	return http.StatusOK, c.told(body), nil
}

func (s *server) changeProfile(c *call) (int, map[string]any, *refusal) {
	if c.subject == nil {
		return 0, nil, forbidden()
	}
	for _, field := range []string{"firstName", "lastName", "titleCode"} {
		if value, ok := c.body[field].(string); ok {
			c.subject.details[field] = value
		}
	}
	return http.StatusOK, nil, nil
}

func (s *server) addresses(c *call) (int, map[string]any, *refusal) {
	if c.subject == nil {
		return 0, nil, forbidden()
	}
	return http.StatusOK, c.told(map[string]any{"addresses": append([]map[string]any{}, c.subject.addresses...)}), nil
}

func (s *server) addAddress(c *call) (int, map[string]any, *refusal) {
	if c.subject == nil {
		return 0, nil, forbidden()
	}
	if no := missing(c.body, "firstName", "lastName", "line1", "town", "postalCode"); no != nil {
		return 0, nil, no
	}
	c.body["id"] = s.users.next("address-")
	c.subject.addresses = append(c.subject.addresses, c.body)
	return http.StatusCreated, c.told(c.body), nil
}

// register makes a new customer, asked for by nobody who is signed in.
func (s *server) register(c *call) (int, map[string]any, *refusal) {
	if no := s.asAnonymous(c); no != nil {
		return 0, nil, no
	}
	if no := missing(c.body, "uid", "password", "firstName", "lastName"); no != nil {
		return 0, nil, no
	}
	name := nameAt(c.body["uid"].(string), c.site)
	if s.users.byName[name] != nil {
		return 0, nil, refuse(http.StatusBadRequest, "DuplicateUidError", "There is such a user already")
	}
	one := &account{
		name: name, password: c.body["password"].(string), customerID: s.users.next("c-new-"),
		display: c.body["firstName"].(string) + " " + c.body["lastName"].(string),
	}
	if sites[c.site] {
		one.site = c.site
	}
	s.users.add(one)
	return http.StatusCreated, c.told(map[string]any{"uid": one.name, "customerId": one.customerID}), nil
}

// asAnonymous lets through what runs before a sign-in: with a client's token, or with none where the switch says so.
func (s *server) asAnonymous(c *call) *refusal {
	switch {
	case c.caller.kind == "client", c.caller.kind == "none" && !s.switches.AnonymousNeedsClient:
		return nil
	case c.caller.kind == "none":
		return unauthorized()
	}
	return forbidden()
}
