package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Environment separates trial data from real data; a company belongs to one.
type Environment string

// The two environments.
const (
	Test Environment = "test"
	Live Environment = "live"
)

// Address is a postal address, inside a row and inside an invoice's documents.
type Address struct {
	Street      string  `json:"street"`
	Number      string  `json:"number"`
	Floor       *string `json:"floor,omitempty"`
	Door        *string `json:"door,omitempty"`
	PostalCode  string  `json:"postal_code"`
	City        string  `json:"city"`
	Province    string  `json:"province"`
	Country     string  `json:"country"`
	CountryCode string  `json:"country_code"`
}

// Company is who issues invoices and whose data everything else is.
type Company struct {
	ID          uuid.UUID `gorm:"column:company_id;primaryKey"`
	Environment Environment
	LegalName   string
	TradeName   *string
	NIF         string
	Address     Address `gorm:"embedded;embeddedPrefix:address_"`
	Phone       *string
	Email       *string
	Web         *string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TableName implements GORM's Tabler.
func (Company) TableName() string { return "companies" }

// NewCompany is what a company is created from.
type NewCompany struct {
	Environment Environment
	LegalName   string
	TradeName   *string
	NIF         string
	Address     Address
	Phone       *string
	Email       *string
	Web         *string
}

// CreateCompany adds a company together with its default invoice series.
func (s *Store) CreateCompany(ctx context.Context, n NewCompany) (Company, error) {
	c := Company{
		LegalName: n.LegalName, TradeName: n.TradeName, NIF: n.NIF, Environment: n.Environment,
		Address: n.Address, Phone: n.Phone, Email: n.Email, Web: n.Web, ID: newID(),
	}
	err := s.tx(ctx, func(tx *gorm.DB, now time.Time) error {
		c.CreatedAt, c.UpdatedAt = now, now
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		return createDefaultSeries(tx, c.ID, now)
	})
	if err != nil {
		return Company{}, fmt.Errorf("store: create company: %w", err)
	}
	return c, nil
}

// ListCompanies returns every company of both environments, oldest first.
func (s *Store) ListCompanies(ctx context.Context) ([]Company, error) {
	var companies []Company
	if err := s.read.WithContext(ctx).Order("company_id").Find(&companies).Error; err != nil {
		return nil, fmt.Errorf("store: list companies: %w", err)
	}
	return companies, nil
}

// GetCompany returns one company, or ErrNotFound.
func (s *Store) GetCompany(ctx context.Context, id uuid.UUID) (Company, error) {
	c, err := getCompany(s.read.WithContext(ctx), id)
	if err != nil {
		return Company{}, fmt.Errorf("store: get company: %w", err)
	}
	return c, nil
}

func getCompany(db *gorm.DB, id uuid.UUID) (c Company, err error) {
	err = db.Where("company_id = ?", id).Take(&c).Error
	return c, err
}
