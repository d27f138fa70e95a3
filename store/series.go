package store

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ErrSeriesNotFound says that the company has no such active invoice series.
var ErrSeriesNotFound = errors.New("invoice series not found")

// Series is a run of invoice numbers with a common format.
type Series struct {
	CompanyID     uuid.UUID `gorm:"primaryKey"`
	ID            uuid.UUID `gorm:"primaryKey"`
	Code          string
	Name          string
	Description   *string
	Format        string
	CounterReset  string // NEVER, ANNUAL or MONTHLY
	InitialNumber int64
	Active        bool
	DefaultSeries bool
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeletedAt     gorm.DeletedAt
}

// TableName implements GORM's Tabler.
func (Series) TableName() string { return "invoice_series" }

func createDefaultSeries(tx *gorm.DB, companyID uuid.UUID, now time.Time) error {
	return tx.Create(&Series{
		CompanyID: companyID, ID: newID(),
		Code: "F", Name: "Facturas", Format: "{CODIGO}-{YYYY}-{NUM:4}",
		CounterReset: "ANNUAL", InitialNumber: 1, Active: true, DefaultSeries: true,
		CreatedAt: now, UpdatedAt: now,
	}).Error
}

// usableSeries is the series with this id, or the default one for nil.
func usableSeries(tx *gorm.DB, companyID uuid.UUID, id *uuid.UUID) (Series, error) {
	query := tx.Where("company_id = ? AND active", companyID)
	if id != nil {
		query = query.Where("id = ?", *id)
	} else {
		query = query.Where("default_series")
	}
	var series Series
	err := query.Take(&series).Error
	if errors.Is(err, ErrNotFound) {
		return Series{}, ErrSeriesNotFound
	}
	return series, err
}
